"""What is kept: trial files, tidy tables, the MLflow mirror."""
