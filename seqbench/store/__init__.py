"""What is kept: trial files, tables, checkpoints, parameters and the plan."""
