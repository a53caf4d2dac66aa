"""What to run: a YAML file becomes a Grid, a Grid becomes a Plan of groups of trials."""
