"""What every task, cell, model and mitigation must keep to, shipped or a user's own: `seqbench check NAME` runs it."""
