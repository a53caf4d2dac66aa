"""What is measured beside the accuracy: the gradient, the state, and whether a remedy acted. One file a probe.

See `seqbench.probes.base` for what a probe is, and `seqbench.training.measure` for how it is read of a model.
"""
