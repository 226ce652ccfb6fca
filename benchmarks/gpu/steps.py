"""Training steps on the device: against the CPU, against themselves, and in mixed precision."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import product

import torch
from torch.nn import functional

from benchmarks.gpu.engines import ENGINES, default_engine, missing, sites_of
from benchmarks.gpu.kinds import KINDS
from benchmarks.gpu.scene import crate, room
from benchmarks.gpu.setting import BFLOAT16, DEVICE, FLOAT16, NO_TIME, Row, Setting, checked, failed, stated
from benchmarks.gpu.stepper import Step, Stepper
from bscnet.sparse.torch import TorchSites

NETWORKS = ("unet_s", "fcn_s")
LATER_STEPS = 3


def _limits(kind: str) -> tuple[float, float, float]:
    """Of the loss' relative difference, of the share of other classes, of 1 - cosine of the gradients.

    Where a sum is within rounding of zero its sign may differ, and what it feeds then differs too. On the CPU alone,
    with the sites in another order, the loss of a 1-bit FCN-S differs by 0.05, half of the classes are others and the
    direction of the gradient differs by 0.6: such steps are only seen to be no nonsense.
    """
    return (1e-4, 1e-3, 1e-3) if kind == "real" else (0.2, 1.0, 0.9)


def _each(work: Callable[[str, str], Iterator[Row]], engine: str, setting: Setting) -> Iterator[Row]:
    for network, kind in [("unet_s", "SFSC")] if setting.few else product(NETWORKS, KINDS):
        what = f"{network}, {kind}"
        if setting.time_left < 0:
            yield stated(what, NO_TIME, True, engine)
            continue
        try:
            yield from work(network, kind)
        except Exception as reason:  # whatever goes wrong is the finding
            yield failed(what, reason, engine)


def compare_steps(setting: Setting) -> Iterator[Row]:
    """Loss, scores and gradients of the first step of every kind on the device against those of the CPU."""
    scene, engine = crate() if setting.dry_run else room(), default_engine(setting)
    there = scene.to(DEVICE)

    def work(network: str, kind: str) -> Iterator[Row]:
        small = setting.dry_run
        right = Stepper(network, kind, scene, TorchSites, small=small).kept()
        found = Stepper(network, kind, there, sites_of(engine), small=small).kept()
        yield from _differences(f"{network}, {kind}", engine, found, right, _limits(kind))

    yield from _each(work, engine, setting)


def _differences(
    what: str, engine: str, found: Step, right: Step, limits: tuple[float, float, float], precision: str = ""
) -> Iterator[Row]:
    loss = abs(found.loss - right.loss) / abs(right.loss)
    others = float((found.scores.argmax(1) != right.scores.argmax(1)).float().mean())
    turned = 1 - float(functional.cosine_similarity(found.gradient.double(), right.gradient.double(), dim=0))
    names = ("loss, relative difference", "share of other classes", "1 - cosine of the gradients")
    pairs = zip(names, (loss, others, turned), limits, strict=True)
    for name, value, limit in pairs:
        yield checked(f"{what}: {name}", value, limit, engine, precision)


def repeat_steps(setting: Setting) -> Iterator[Row]:
    """The same two steps twice: losses, scores, gradients, bit for bit."""
    scene, engine = (crate() if setting.dry_run else room()).to(DEVICE), default_engine(setting)

    def work(network: str, kind: str) -> Iterator[Row]:
        twice = []
        for _ in range(2):
            stepper = Stepper(network, kind, scene, sites_of(engine), small=setting.dry_run)
            twice.append([stepper.kept() for _ in range(2)])
        same = all(
            torch.equal(one.scores, other.scores)
            and torch.equal(one.gradient, other.gradient)
            and one.loss == other.loss
            for one, other in zip(*twice, strict=True)
        )
        yield stated(f"{network}, {kind}", "bit for bit" if same else "they differ", same, engine)

    yield from _each(work, engine, setting)


def mix_precisions(setting: Setting) -> Iterator[Row]:
    """A few steps in float16 and bfloat16: finite, and the first loss near that of float32."""
    scene, engine = (crate() if setting.dry_run else room()).to(DEVICE), default_engine(setting)
    precisions = (FLOAT16,) if setting.dry_run else (FLOAT16, BFLOAT16)

    def work(network: str, kind: str) -> Iterator[Row]:
        right = Stepper(network, kind, scene, sites_of(engine), small=setting.dry_run).kept()
        for precision in precisions:
            what = f"{network}, {kind}"
            try:
                stepper = Stepper(network, kind, scene, sites_of(engine), precision, setting.dry_run)
                steps = [stepper.kept() for _ in range(LATER_STEPS)]
            except Exception as reason:  # whatever goes wrong is the finding
                yield failed(what, reason, engine, precision)
                continue
            finite = all(math.isfinite(step.loss) for step in steps)
            yield stated(f"{what}: losses", "finite" if finite else "not finite", finite, engine, precision)
            loss = abs(steps[0].loss - right.loss) / abs(right.loss)
            yield checked(f"{what}: loss, relative difference", loss, 0.3, engine, precision)

    yield from _each(work, engine, setting)


def compile_times(setting: Setting) -> Iterator[Row]:
    """The first step of each kind in a process without compiled kernels, and later ones."""
    scene = (crate() if setting.dry_run else room()).to(DEVICE)
    kinds, later_steps = (["real"], 0) if setting.few else (list(KINDS), LATER_STEPS)
    for engine, kind in product([one for one in ENGINES if missing(one) is None], kinds):
        what = f"unet_s, {kind}"
        if setting.time_left < 0:
            yield stated(what, NO_TIME, True, engine)
            continue
        try:
            stepper = Stepper("unet_s", kind, scene, sites_of(engine), small=setting.dry_run)
            seconds = [_timed(stepper) for _ in range(1 + later_steps)]
        except Exception as reason:  # whatever goes wrong is the finding
            yield failed(what, reason, engine)
            continue
        later = statistics.median(seconds[1:] or seconds)
        yield stated(what, f"first step {seconds[0]:.1f} s, later ones {1e3 * later:.0f} ms", True, engine)


def _timed(stepper: Stepper) -> float:
    began = time.perf_counter()
    _, loss = stepper.step()
    float(loss)  # waits for the device
    return time.perf_counter() - began
