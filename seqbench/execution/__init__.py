"""Where it runs: processes on this machine, or workers of a Ray cluster."""
