"""Where it runs: processes on this machine."""
