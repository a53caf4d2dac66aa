"""WHAT TO RUN: from a grid, and what has finished of it, to trials."""
