"""What is measured beside the accuracy: the gradient, the state, and whether a remedy acted. One file a probe.

`measure` is all that training needs; see `seqbench.probes.base` for what a probe is.
"""

from seqbench.probes._measure import Measurement, due, measure, names, probe_batch, probe_key, selected

__all__ = ["Measurement", "due", "measure", "names", "probe_batch", "probe_key", "selected"]
