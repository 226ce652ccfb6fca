"""A scene to look at: a PNG, and a page that can be turned."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bscnet.errors import InputError
from bscnet.settings.words import PaletteName
from bscnet.viz.camera import BEHIND_SENSOR
from bscnet.viz.page import PageScene, write_page
from bscnet.viz.palette import DEFAULT
from bscnet.viz.pictures import cloud_picture, labelled_picture, scene_picture

if TYPE_CHECKING:  # a cloud's file is shown without torch and Lightning, which take seconds to load
    from bscnet.data.datamodule import ScanDataModule
    from bscnet.data.scan import Scan
    from bscnet.evaluation.torch_predictor import ScenePrediction


def page_scene(
    data: ScanDataModule,
    scan: Scan,
    found: ScenePrediction | None,
    facts: Mapping[str, str],
    palette: PaletteName = DEFAULT,
) -> PageScene:
    """A scan with what is known of it, truth only where a point has a label; InputError: a page cannot show it."""
    labelled = bool((scan.labels >= 0).any())
    try:
        return PageScene(
            name=scan.name,
            points=np.ascontiguousarray(data.view_points(scan), dtype=np.float32),
            colors=np.ascontiguousarray(scan.colors),
            truth=scan.labels.astype(np.int64) if labelled else None,
            prediction=None if found is None else found.classes,
            confidence=None if found is None else found.confidence,
            class_names=list(data.class_names),
            facts=dict(facts),
            towards=BEHIND_SENSOR if data.single_view else None,
            palette=palette,
        )
    except ValueError as error:  # more classes than a page can show
        raise InputError(str(error)) from error


def write_scene(stem: Path, scene: PageScene, title: str) -> list[Path]:
    """Write STEM.html and STEM.png; returns what was written. InputError: a file cannot be written."""
    page = write_page(stem.with_name(stem.name + ".html"), scene)
    return [page, write_picture(stem.with_name(stem.name + ".png"), scene, title)]


def write_picture(path: Path, scene: PageScene, title: str) -> Path:
    """Write a PNG of what is known of a scene; returns its path. InputError: it cannot be written."""
    try:
        return _picture(path, scene, title)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from error


def _picture(path: Path, scene: PageScene, title: str) -> Path:
    names, towards, palette = scene.class_names, scene.towards, scene.palette
    if scene.prediction is not None and scene.truth is not None:
        return scene_picture(
            path,
            scene.points,
            scene.colors,
            scene.truth,
            scene.prediction,
            names,
            title=title,
            towards=towards,
            palette=palette,
        )
    labels = scene.truth if scene.prediction is None else scene.prediction
    if labels is not None:
        return labelled_picture(
            path, scene.points, scene.colors, labels, names, title=title, towards=towards, palette=palette
        )
    return cloud_picture(path, scene.points, scene.colors, title=title, towards=towards)
