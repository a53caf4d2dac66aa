"""What a name in YAML stands for."""
