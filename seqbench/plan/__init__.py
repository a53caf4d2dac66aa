"""What to run: from a grid, and what has finished of it, to trials."""
