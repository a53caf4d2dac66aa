"""What is learned: `base.py` says what a task is; every other file is one task."""
