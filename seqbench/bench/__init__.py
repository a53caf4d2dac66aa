"""How fast it is: seqbench beside what people would write by hand, interleaved on one machine, as ratios."""
