"""How it runs: pure JAX, no input or output."""
