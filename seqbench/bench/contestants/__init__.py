"""The programs that are timed, each in a process of its own.

Those named `*_pytorch` run in an environment with PyTorch and without seqbench, so they import nothing of it.
"""
