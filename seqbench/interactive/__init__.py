"""Grids from Python: run in a notebook or a script, with the progress where one looks."""
