"""How the gradient becomes a step. One file an optimizer; see `seqbench.optimizers.base`."""
