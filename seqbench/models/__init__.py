"""Cells over time and depth, and the controls without recurrence: `base.py`, then one file a model."""
