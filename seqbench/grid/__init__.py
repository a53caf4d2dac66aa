"""What is asked: a YAML file becomes a Grid."""
