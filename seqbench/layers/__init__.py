"""Sequences in, sequences out: what models stack and mitigations wrap."""
