"""One result: with any number of threads, on every repetition, and by the kernels of every CPU level."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from bscnet.runtime import implementations
from bscnet.sparse.native.sites import NativeSites
from bscnet.sparse.operand import PackedSigns, pack_signs, stand_in_for
from fixtures.sites import random_sites

WORKER = Path(__file__).with_name("worker.py")


def digests(level: str, threads: int) -> list[str]:
    environment = {**os.environ, "BSCNET_IMPLEMENTATION": level, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(WORKER), str(threads)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found, *lines = done.stdout.splitlines()
    assert found == level
    return lines


@pytest.mark.slow
def test_threads_and_levels_change_no_bit() -> None:
    best, *others = implementations()
    wanted = digests(best, 1)
    assert len(wanted) > 200
    for level, threads in [(best, 3), *((level, 2) for level in others)]:
        found = digests(level, threads)
        assert found == wanted, (
            level,
            threads,
            [one for one, other in zip(found, wanted, strict=True) if one != other],
        )


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("packed, widths", [(False, (7, 12)), (True, (40, 20))])
def test_a_training_step_repeats(threads: int, packed: bool, widths: tuple[int, int]) -> None:
    """Many pieces of rows and many blocks; forward and backward in one process."""
    sites = NativeSites(random_sites(6000, 21, 1))
    values, w = torch.randn(6000, widths[0]), torch.randn(27, *widths).requires_grad_()
    x = (stand_in_for(*values.shape, values) if packed else values).requires_grad_()
    feats = PackedSigns(pack_signs(values), x) if packed else x
    grad = torch.randn(6000, widths[1])
    before, found = torch.get_num_threads(), []
    try:
        for count in (1, threads, threads):
            torch.set_num_threads(count)
            y = sites.submanifold(feats, w)
            found.append([y, *torch.autograd.grad(y, (x, w), grad)])
    finally:
        torch.set_num_threads(before)
    for again in found[1:]:
        assert all(torch.equal(one, other) for one, other in zip(again, found[0], strict=True))
