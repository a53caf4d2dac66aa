"""`python -m seqbench`: the command line, where no script is installed."""

from seqbench.entry import main

main()
