"""Counts of training steps at two sizes, as a line of JSON; run with TRITON_INTERPRET=1.

    python tests/gpu/budget_worker.py NETWORK:KIND …

A process of its own, because Triton decides at its import whether its interpreter is on. Kernels are counted and not
run, but for those whose results say how many sites the next level has.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from fixtures.gpu_steps import Step, measured_step, module_of, room_batch, unet_h, unet_s
from fixtures.simulated_cuda import Counts, simulated_cuda

NETWORKS = {"S": unet_s, "H": unet_h}
_RUN = ("site_keys", "link_levels")


def measured(network: str, kind: str, copies: int) -> Step:
    """A step on so many copies of a room."""
    with simulated_cuda() as device:
        device.runs_kernel = _RUN.__contains__
        return measured_step(device, module_of(kind, NETWORKS[network](kind)), room_batch(copies))


def plain(counts: Counts) -> dict[str, Any]:
    """Counters as JSON takes them."""
    waits = {" at ".join(key): number for key, number in counts.waits.items()}
    unrepeatable = {" at ".join(key): number for key, number in counts.unrepeatable.items()}
    return {
        "launches": counts.launches.total(),
        "waits": waits,
        "unrepeatable": unrepeatable,
        "plain": dict(counts.plain_bodies),
    }


def row(step: Step) -> dict[str, Any]:
    """A step as JSON takes it."""
    parts = {part: plain(getattr(step, part)) for part in ("maps", "forward", "backward", "optimizer")}
    return {"sites": step.sites, "peak": step.peak, "by_operator": dict(step.all.launches), **parts}


def main() -> None:
    """Measure what is asked for."""
    found = {}
    for word in sys.argv[1:]:
        network, kind = word.split(":")
        found[word] = [row(measured(network, kind, copies)) for copies in (1, 2)]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
