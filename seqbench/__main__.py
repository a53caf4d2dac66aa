"""`python -m seqbench`: the command line, where no script is installed."""

from seqbench.cli import main

main()
