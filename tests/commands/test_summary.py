"""What `seqbench run` says at its end."""

from __future__ import annotations

from seqbench.commands.summary import cost_of_probes


def test_dear_probes_come_with_the_way_to_switch_them_off():
    assert cost_of_probes(0.1) == "Probes took 10 % of the training time."
    said = cost_of_probes(0.43)
    assert said.startswith("Probes took 43 % of the training time.")
    assert "`probes: none`" in said
