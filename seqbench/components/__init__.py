"""NAME -> VALUE: what a name in YAML stands for."""
