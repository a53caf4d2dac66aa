"""How the learning rate changes during training. One file a schedule; see `seqbench.schedules.base`."""
