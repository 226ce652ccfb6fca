"""Two CPU processes train one stage, each writes what it ended with. Arguments: directory, backend, conv, bar|line."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from fixtures.tiny_training import TinyData, spec, train, unet

if __name__ == "__main__":
    directory, backend, conv, progress = Path(sys.argv[1]), *sys.argv[2:]
    sys.stdout.isatty = lambda: progress == "bar"  # type: ignore[method-assign]
    network = unet("a1w1", conv)
    outcome = train(
        network,
        spec("a1w1", conv, epochs=2),
        TinyData(val_scenes=3),  # two scenes for process 0, one for process 1
        directory,
        backend=backend,
        trainer={"accelerator": "cpu", "devices": 2, "strategy": "ddp"},
    )
    rank = int(os.environ.get("LOCAL_RANK", "0"))
    torch.save({"state": network.state_dict(), "outcome": vars(outcome)}, directory / f"rank{rank}.pt")
