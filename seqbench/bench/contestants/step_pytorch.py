"""A PyTorch training step as people write it: forward, backward, clip by global norm, Adam.

    python step_pytorch.py CELL BATCH STEPS WIDTH [DEVICE PRECISION]

Runs on one core, or on the DEVICE `cuda`, with products in PRECISION `tf32` or `float32`. Prints "ready", then for
every line N on standard input the seconds of N training steps.

Source: the modules of PyTorch, https://pytorch.org/docs/stable/nn.html#recurrent-layers
"""

from __future__ import annotations

import sys
import time

import torch
from torch import nn

INPUTS, OUTPUTS = 13, 8


class Network(nn.Module):
    """One recurrent layer and a linear read-out of its last state."""

    def __init__(self, cell: str, width: int) -> None:
        super().__init__()
        kinds = {"vanilla": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
        self.recurrent = kinds[cell](INPUTS, width, batch_first=True)
        self.readout = nn.Linear(width, OUTPUTS)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Inputs [B, T, I] -> logits [B, O]."""
        return self.readout(self.recurrent(inputs)[0][:, -1])


def main() -> None:
    """Train on one batch for as many steps as standard input asks for."""
    cell, (batch, steps, width) = sys.argv[1], map(int, sys.argv[2:5])
    device, precision = sys.argv[5:7] if len(sys.argv) > 5 else ("cpu", "float32")
    torch.set_num_threads(1)
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    torch.manual_seed(0)
    network = Network(cell, width).to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    inputs = nn.functional.one_hot(torch.randint(INPUTS, (batch, steps)), INPUTS).float().to(device)
    targets = torch.randint(OUTPUTS, (batch,)).to(device)

    def wait() -> None:
        if device == "cuda":
            torch.cuda.synchronize()

    def train(count: int) -> float:
        wait()
        began = time.perf_counter()
        for _ in range(count):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(inputs), targets).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
        wait()
        return time.perf_counter() - began

    train(3)
    print("ready", flush=True)
    for line in sys.stdin:
        print(train(int(line)), flush=True)


if __name__ == "__main__":
    main()
