"""What learns: `base.py` says what a cell is; every other file is one cell."""
