"""MLflow: a mirror of results and statistics, never their source."""
