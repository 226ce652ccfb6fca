"""Time and memory of training steps at sizes as they are trained on."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from itertools import product

import torch

from benchmarks.gpu.engines import ENGINES, PLAIN, SPCONV, missing, sites_of
from benchmarks.gpu.scene import Scene, crate, room
from benchmarks.gpu.setting import DEVICE, NO_TIME, TF32, Row, Setting, reason_of
from benchmarks.gpu.stepper import Stepper, matmul_precision

SITES = (100_000, 400_000, 1_300_000)
TINY_SITES = (60, 120)
NETWORKS = ("unet_s", "unet_h")
KINDS = ("real", "1-bit", "SFSC", "search")
WARM_UP, AT_LEAST, AT_MOST = 2, 3, 10
SECONDS = 1.5
"""Counted steps of a case go on for so long, between the two numbers of them."""


def cases(setting: Setting) -> Iterator[tuple[int, str, str, str]]:
    """Sites, network, kind and engine, the most telling ones first: spconv-triton compiles for minutes."""
    engines = [engine for engine in ENGINES if missing(engine) is None]
    own = [engine for engine in engines if engine != SPCONV]
    if setting.few:
        yield from ((sites, "unet_s", "real", PLAIN) for sites in TINY_SITES[:1])
        return
    sizes, networks, kinds = (TINY_SITES, ("unet_s",), KINDS[:2]) if setting.dry_run else (SITES, NETWORKS, KINDS)
    yield from product(sizes, networks, kinds, own)
    if SPCONV in engines:
        yield from product(sizes, networks, kinds, (SPCONV,))


def measure_steps(setting: Setting) -> Iterator[Row]:
    """A row a case; those that the time does not allow say so."""
    base = (crate() if setting.dry_run else room()).to(DEVICE)
    for case in cases(setting):
        yield _row(case, base, setting)


def _row(case: tuple[int, str, str, str], base: Scene, setting: Setting) -> Row:
    wanted, network, kind, engine = case
    row: Row = {"wanted_sites": wanted, "network": network, "kind": kind, "engine": engine, "precision": TF32}
    nothing: Row = {"sites": None, "steps_ms": [], "step_ms": None, "peak_gb": None}
    if setting.time_left < 0:
        return row | nothing | {"reason": NO_TIME, "ok": True}
    try:
        found = _measured(base.copies(wanted), network, kind, engine, setting.dry_run)
        return row | found | {"reason": None, "ok": True}
    except torch.OutOfMemoryError:
        return row | nothing | {"reason": "out of memory", "ok": True}
    except Exception as error:  # whatever goes wrong is the finding
        return row | nothing | {"reason": reason_of(error), "ok": False}
    finally:
        torch.cuda.empty_cache()


def _measured(scene: Scene, network: str, kind: str, engine: str, dry_run: bool) -> Row:
    warm_up, at_most = (1, AT_LEAST) if dry_run else (WARM_UP, AT_MOST)
    with matmul_precision(TF32):
        stepper = Stepper(network, kind, scene, sites_of(engine), small=dry_run)
        for _ in range(warm_up):
            stepper.step()
        torch.cuda.reset_peak_memory_stats()
        times: list[float] = []
        while len(times) < AT_LEAST or (sum(times) < 1e3 * SECONDS and len(times) < at_most):
            times.append(_step_ms(stepper))
    peak = torch.cuda.max_memory_allocated() / 2**30
    return {"sites": len(scene.coords), "steps_ms": times, "step_ms": statistics.median(times), "peak_gb": peak}


def _step_ms(stepper: Stepper) -> float:
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    begin.record()
    stepper.step()
    end.record()
    end.synchronize()
    return float(begin.elapsed_time(end))
