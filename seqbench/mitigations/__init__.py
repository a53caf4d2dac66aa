"""What helps: `base.py` says what a mitigation is; every other file is one remedy."""
