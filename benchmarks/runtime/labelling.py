"""A whole `bscnet predict` of every scene's scan, from its file to the labelled one: how long each part takes."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress

from benchmarks.common.process import Worker
from benchmarks.common.turns import of_rounds, take_turns
from benchmarks.data.formats import AXES, COLORS, write_ply
from benchmarks.runtime.models import model_file
from benchmarks.runtime.scenes import Scene, scan_of

NETWORKS = ("unet_h", "unet_s")
VARIANT = "sfsc"
PARTS = ("read", "voxelize", "network", "label points", "write")


def measure_labelling(
    scenes: list[Scene], rooms: Path, folder: Path, threads: int, rounds: int, seconds: float, display: Progress
) -> list[dict[str, Any]]:
    """A row for each network and scene: labelled by a process of its own again and again, files in the page cache."""
    workers = {}
    for scene in scenes:
        file = folder / f"{scene.cloud}.ply"
        if not file.exists():
            points, colors = scan_of(scene.cloud, rooms)
            write_ply(file, dict(zip((*AXES, *COLORS), (*points.T.astype(np.float32), *colors.T), strict=True)))
        for network in NETWORKS:
            stem = f"label-{network}-{scene.name.replace(' ', '_')}"
            words = [str(model_file(folder, network, VARIANT)), str(file), str(folder / f"{stem}.ply")]
            words += [str(scene.voxel_size), str(threads)]
            log = folder / f"{stem}.log"
            workers[network, scene.name] = Worker(stem, "benchmarks.common.labelling_child", words, log)
    answers = take_turns(workers, rounds, seconds, display, "whole predictions")
    return [row_of(network, scene, threads, answers[network, scene]) for network, scene in workers]


def row_of(network: str, scene: str, threads: int, answers: list[dict[str, Any]]) -> dict[str, Any]:
    """A row from all answers, the warm-up first."""
    counted = answers[1:]
    times = [answer["ms"] for answer in counted]
    return {
        "network": network,
        "variant": VARIANT,
        "scene": scene,
        "threads": threads,
        "points": counted[0]["points"],
        "mb": counted[0]["mb"],
        **of_rounds(times),
        "engine_ms": [answer["engine_ms"] for answer in counted],
        "parts_ms": {part: statistics.median(answer["parts_ms"][part] for answer in counted) for part in PARTS},
        "peak_mb": max(answer["peak_mb"] for answer in answers),
    }
