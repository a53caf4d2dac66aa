"""What every member of a family must keep to, shipped or a user's own: `seqbench check NAME` runs it."""
