"""A grid of 64 trials as people write it by hand in PyTorch: one script, a pool of processes, one row a trial.

    python grid_pytorch.py PROCESSES OUTPUT.csv STEPS

Four methods (vanilla, IRNN, LSTM, GRU) recall one of 8 symbols from four distances with four seeds, each for the same
number of training steps with clipping by global norm and Adam; 1,024 validation sequences every 100 steps, 10,000 test
sequences at the end.

Source: the modules of PyTorch, https://pytorch.org/docs/stable/nn.html#recurrent-layers
"""

from __future__ import annotations

import csv
import itertools
import multiprocessing
import sys
import time

import torch
from torch import nn

METHODS = ("vanilla", "irnn", "lstm", "gru")
LENGTHS = (25, 50, 100, 200)
SEEDS = range(4)
SYMBOLS, DISTRACTORS, WIDTH, BATCH, EVERY = 8, 4, 64, 32, 100
INPUTS = SYMBOLS + DISTRACTORS + 1
Trial = tuple[str, int, int, int]


class Network(nn.Module):
    """One recurrent layer and a linear read-out of its last state."""

    def __init__(self, method: str) -> None:
        super().__init__()
        if method == "irnn":
            self.recurrent: nn.Module = nn.RNN(INPUTS, WIDTH, nonlinearity="relu", batch_first=True)
            with torch.no_grad():
                self.recurrent.weight_hh_l0.copy_(torch.eye(WIDTH))
                self.recurrent.bias_hh_l0.zero_()
                self.recurrent.bias_ih_l0.zero_()
        else:
            self.recurrent = {"vanilla": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[method](
                INPUTS, WIDTH, batch_first=True
            )
        self.readout = nn.Linear(WIDTH, SYMBOLS)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Inputs [B, T, I] -> logits [B, O]."""
        return self.readout(self.recurrent(inputs)[0][:, -1])


def draw(size: int, length: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Sequences [B, T, I] of a symbol, distractors and a cue, and the symbols [B]."""
    symbol = torch.randint(SYMBOLS, (size, 1), generator=generator)
    between = torch.randint(SYMBOLS, INPUTS - 1, (size, length - 1), generator=generator)
    cue = torch.full((size, 1), INPUTS - 1)
    return nn.functional.one_hot(torch.cat([symbol, between, cue], 1), INPUTS).float(), symbol[:, 0]


def accuracy(network: nn.Module, length: int, sequences: int, generator: torch.Generator) -> float:
    """Share of fresh sequences answered right, 256 at a time."""
    right = 0
    with torch.no_grad():
        for start in range(0, sequences, 256):
            inputs, symbols = draw(min(256, sequences - start), length, generator)
            right += int((network(inputs).argmax(-1) == symbols).sum())
    return right / sequences


def train(trial: Trial) -> list[object]:
    """One trial from its first step to its row."""
    method, length, seed, steps = trial
    torch.set_num_threads(1)
    began = time.perf_counter()
    torch.manual_seed(seed)
    network = Network(method)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    generator = torch.Generator().manual_seed(1000 + seed)
    validation = 0.0
    for step in range(1, steps + 1):
        inputs, symbols = draw(BATCH, length, generator)
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(inputs), symbols).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        if step % EVERY == 0:
            validation = accuracy(network, length, 1024, torch.Generator().manual_seed(2000 + seed))
    test = accuracy(network, length, 10_000, torch.Generator().manual_seed(3000 + seed))
    return [method, length, seed, validation, test, time.perf_counter() - began]


def main() -> None:
    """Train the grid and write its rows."""
    processes, path, steps = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    trials = [(*names, steps) for names in itertools.product(METHODS, reversed(LENGTHS), SEEDS)]
    with multiprocessing.get_context("spawn").Pool(processes) as pool, open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["method", "length", "seed", "validation", "test", "seconds"])
        writer.writerows(pool.imap_unordered(train, trials))


if __name__ == "__main__":
    main()
