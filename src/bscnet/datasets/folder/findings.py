"""What looks wrong in a folder of measured scenes, each in a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bscnet.clouds.likely_units import better_unit, like_degrees, mixed_units
from bscnet.counted import counted
from bscnet.data.sample import MAX_RADIUS, too_wide_for_training
from bscnet.datasets.folder.description import FILE_NAME, Description
from bscnet.datasets.folder.duplicates import copies
from bscnet.datasets.folder.measure import SceneReport

_LOUD = 10.0
_SPARSE = 1.05
_ENOUGH = 1000


class Finding(NamedTuple):
    """A sentence; error: training on the data would fail or mean nothing."""

    error: bool
    text: str


def findings(scenes: Sequence[SceneReport], description: Description, voxel_size: float) -> Iterator[Finding]:
    """Errors and warnings about scenes that could all be read."""
    for scene in scenes:
        yield from _about_one(scene, description, voxel_size)
    yield from _units(scenes, description)
    yield from _copies(scenes)
    yield from _classes(scenes, description)
    ranges = {scene.color_range: scene.name for scene in scenes if scene.color_range}
    if description.reading.colors == "auto" and len(ranges) > 1:
        told = " and ".join(f"0..{largest} in {name}" for largest, name in sorted(ranges.items()))
        yield Finding(False, f"colours are taken for {told}: say 'colors:' in {FILE_NAME} if they are all of one range")


def _about_one(scene: SceneReport, description: Description, voxel_size: float) -> Iterator[Finding]:
    path = scene.path
    if scene.reach / voxel_size > MAX_RADIUS:
        yield Finding(
            True,
            f"{path}: the scan reaches {scene.reach:.4g} m from its mean, more than {MAX_RADIUS} voxels of "
            f"{voxel_size:g} m; take larger voxels, cut it, or check its 'units'",
        )
    elif too_wide := too_wide_for_training(scene.training_share, voxel_size):
        yield Finding(False, f"{path}: {too_wide}")
    if scene.strays:
        yield Finding(
            False, f"{path}: the scan is widened by {counted(scene.strays, 'stray point')} far away from all others"
        )
    if scene.dropped:
        yield Finding(False, f"{path}: {counted(scene.dropped, 'point')} without finite coordinates left out")
    if scene.color in ("black", "constant") and "rgb" in description.features:
        yield Finding(False, f"{path}: the colours are all {'black' if scene.color == 'black' else 'the same'}")
    if scene.split != "test" and scene.ignored == scene.points and description.class_names:
        yield Finding(
            False, f"{path}: all is ignored ({counted(scene.points, 'point')}), so the scene counts for nothing"
        )
    if scene.points >= _ENOUGH and scene.points_per_voxel < _SPARSE:
        yield Finding(
            False,
            f"{path}: almost every point has a voxel of {voxel_size:g} m to itself (points are {scene.spacing:.3g} m "
            "apart); larger voxels, or other 'units', may fit better",
        )
    for feature, peak in scene.peaks.items():
        if peak > _LOUD:
            yield Finding(
                False,
                f"{path}: the feature '{feature}' reaches {peak:.6g}; "
                f"say its largest value under 'scale' in {FILE_NAME}",
            )


def _units(scenes: Sequence[SceneReport], description: Description) -> Iterator[Finding]:
    yield from (Finding(False, scene.unit_note) for scene in scenes if scene.unit_note is not None)
    for scene in scenes:
        if like_degrees(scene.extent):
            x, y, z = scene.extent
            yield Finding(
                False,
                f"{scene.path}: {x:.3g} x {y:.3g} x {z:.3g} m, far higher than wide: are x and y degrees? Project them",
            )
    mixed = mixed_units({scene.name: (scene.extent[2], scene.spacing) for scene in scenes})
    for names, factor in mixed:
        how = f"{factor:.4g} times" if factor > 1 else f"1/{1 / factor:.4g} of"
        shown = ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
        yield Finding(
            False, f"mixed units? Heights and point distances of {shown} ({len(names)} in all) are {how} the others'"
        )
    doubts = [(scene, better_unit(scene.extent, scene.spacing, scene.unit)) for scene in scenes]
    for unit in sorted({unit for _, unit in doubts if unit is not None}):
        odd = [scene for scene, other in doubts if other == unit]
        x, y, z = odd[0].extent
        yield Finding(
            False,
            f"units? {len(odd)} of {len(scenes)} scenes would be rooms if they were in {unit}; in {odd[0].unit} the "
            f"first, {odd[0].path}, is {x:.3g} x {y:.3g} x {z:.3g} m with points {odd[0].spacing:.2g} m apart",
        )


def _copies(scenes: Sequence[SceneReport]) -> Iterator[Finding]:
    by_name = {scene.name: scene for scene in scenes}
    how = {
        "file": "are the same file",
        "points": "hold the same points, in another order or file",
        "rounded": "hold the same points but for rounding",
        "units": "hold the same points in different units",
        "nearly": "fill nearly the same voxels",
    }
    for one, other, kind in copies({scene.name: scene.marks for scene in scenes}):
        a, b = by_name[one], by_name[other]
        across = a.split != b.split
        where = f"in {a.split} and {b.split}" if across else f"both in {a.split}"
        yield Finding(
            across and kind not in ("units", "nearly"), f"duplicates: {a.path} and {b.path} ({where}) {how[kind]}"
        )


def _classes(scenes: Sequence[SceneReport], description: Description) -> Iterator[Finding]:
    if not description.class_names:
        return
    seen = {split: [0] * len(description.class_names) for split in ("train", "val")}
    for scene in scenes:
        if scene.split in seen:
            seen[scene.split] = [a + b for a, b in zip(seen[scene.split], scene.counts, strict=True)]
    trained = any(scene.split == "train" for scene in scenes)
    if trained and not any(seen["train"]):
        yield Finding(True, f"{description.path}: no point of the split train has a class, training needs some")
        return
    for name, train, val in zip(description.class_names, seen["train"], seen["val"], strict=True):
        if trained and not train:
            where = f", but {val} in val" if val else " or val"
            yield Finding(False, f"class '{name}' has no points in train{where}")
