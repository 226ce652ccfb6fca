"""What `bscnet doctor` says of speed: a training step on each backend that serves on this machine's CPU.

`python -m bscnet.cli.step_table` measures and prints a JSON object: backends and their seconds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bscnet.settings.words import BACKENDS
from bscnet.threads import found_environment

if TYPE_CHECKING:
    from rich.table import Table
    from torch import Tensor

_TIMEOUT_S = 120
_BUDGET_S = 20.0
"""Of a step: so long that every machine has the whole room in it."""
_VOXELS_PER_METRE = 20
_ROOM_M = 4.0, 3.0, 2.5


def measured_steps() -> dict[str, float]:
    """Seconds of a training step by backend, measured in a process of its own; empty where that fails."""
    command = [sys.executable, "-m", "bscnet.cli.step_table"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=_TIMEOUT_S, env=found_environment()
        )
        return {str(name): float(seconds) for name, seconds in json.loads(done.stdout.splitlines()[-1]).items()}
    except (subprocess.SubprocessError, ValueError, IndexError):
        return {}


def step_table(seconds: Mapping[str, float]) -> Table:
    """One row a backend, fastest first."""
    from rich.table import Table

    table = Table("backend", title="a training step on the CPU (binary U-Net, simulated room)")
    table.add_column("ms", justify="right")
    table.add_column("times the fastest", justify="right")
    fastest = min(seconds.values())
    for name, value in sorted(seconds.items(), key=lambda item: item[1]):
        table.add_row(name, f"{1e3 * value:.0f}", f"{value / fastest:.1f}")
    return table


def room() -> Tensor:
    """Sites ``(N, 4)`` of a simulated room at 5 cm: its floor, two walls and the surfaces of three boxes."""
    import torch

    x, y, z = (round(metres * _VOXELS_PER_METRE) for metres in _ROOM_M)
    filled = torch.zeros(x, y, z, dtype=torch.bool)
    filled[:, :, 0] = filled[0] = filled[:, 0] = True
    for left, front, width, depth, height in ((10, 8, 30, 16, 15), (50, 35, 20, 20, 9), (20, 40, 12, 10, 36)):
        filled[left : left + width, front : front + depth, :height] = True
        filled[left + 1 : left + width - 1, front + 1 : front + depth - 1, 1 : height - 1] = False
    cells = filled.nonzero().int()
    return torch.cat([torch.zeros_like(cells[:, :1]), cells], dim=1)


def _measure() -> dict[str, float]:
    import torch

    from bscnet.errors import InputError
    from bscnet.models import LayerFactory, NetworkSpec
    from bscnet.models.step_time import step_times
    from bscnet.sparse import resolve_backend

    serving = []
    for name in BACKENDS:
        try:
            resolve_backend(name)
        except InputError:
            continue
        serving.append(name)
    torch.manual_seed(0)
    network = NetworkSpec("unet", 16, 1, 4, 3, 20, LayerFactory(precision="a1w1")).build()
    coords = room()
    return step_times(network, coords, torch.rand(len(coords), 3), serving, _BUDGET_S).seconds


if __name__ == "__main__":
    print(json.dumps(_measure()))
