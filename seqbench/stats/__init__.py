"""What it means: pandas, NumPy, SciPy and statsmodels; knows neither JAX nor MLflow."""

from seqbench.stats.compare import Comparison, compare
from seqbench.stats.preregistration import Declared

__all__ = ["Comparison", "Declared", "compare"]
