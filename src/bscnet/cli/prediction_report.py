"""What `bscnet predict` says of what it did."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bscnet.clouds.columns import CONFIDENCE
from bscnet.clouds.likely_units import better_unit, like_degrees
from bscnet.clouds.units import UNITS, unit_note, unit_of
from bscnet.clouds.writer import LABEL, moved_names
from bscnet.counted import counted
from bscnet.prediction.label_file import LabelledFile
from bscnet.prediction.spacing import point_spacing
from bscnet.runtime import Session
from bscnet.shipped import facts

_FEW_VOXELS = 50
"""Fewer than these are worth a word where there are many more points."""


def full_report(done: LabelledFile, session: Session, loaded: float, drawn: float, whole: float) -> str:
    """The time of each part, how much there was of what, and the points of each class.

    Args:
        done: the labelled scan.
        session: the model.
        loaded, drawn, whole: seconds of loading the model, of the picture and of everything.
    """
    cloud, times, parts = done.cloud, done.cloud.classes.times, done.cloud.clock.seconds
    rows = [
        ("load model", loaded),
        ("read", parts.get("read", 0.0)),
        ("voxelize", parts.get("voxelize", 0.0)),
        ("kernel maps", times.kernel_maps),
        ("bit convolutions", times.bit_convolutions),
        ("real-valued parts", times.real_parts),
        ("rest of the network", max(0.0, parts.get("network", 0.0) - times.total + times.rest)),
        ("label points", parts.get("label points", 0.0)),
        ("write", parts.get("write", 0.0)),
        *([("picture", drawn)] if drawn else []),
    ]
    rows.append(("other", max(0.0, whole - sum(seconds for _, seconds in rows))))
    count, voxels = cloud.reader.file.count, len(cloud.voxels)
    lines = [
        f"{count:,} point{'s'[: count != 1]}, {voxels:,} voxel{'s'[: voxels != 1]} of {cloud.frame.voxel_size:g} m "
        f"({count / voxels:.1f} points a voxel); "
        f"{session.description.get('name')}, {session.implementation}, "
        f"engine memory {times.workspace_bytes / 2**20:,.0f} MiB",
        *(f"note: {remark}" for remark in remarks(done, session)),
        "",
        f"{'part':<22}{'seconds':>10}{'share':>8}",
        *(f"{name:<22}{seconds:>10.3f}{100 * seconds / whole:>7.1f}%" for name, seconds in rows),
        f"{'total':<22}{whole:>10.3f}",
    ]
    return "\n".join([*lines, "", class_table(done, session), ""])


def model_note(name: str) -> str:
    """One line about a model that ships: what it was trained on, and what its scores are of."""
    scored = facts(name)["held_out"]
    return (
        f"note: {name} was trained on simulated rooms: mIoU {100 * scored['miou']:.1f} % on "
        f"{counted(scored['rooms'], 'room')} that it has not seen, never scored on real scans; z must point up"
    )


def class_table(done: LabelledFile, session: Session) -> str:
    """Points of each class that occurs, most first, with the number that it was written as."""
    numbers, count = done.cloud.numbers.of_class, done.cloud.reader.file.count
    lines = [f"{'label':>7}  {'class':<22}{'points':>14}{'share':>8}"]
    for index in (-done.points_of_class).argsort(kind="stable").tolist():
        points = int(done.points_of_class[index])
        if points:
            name = session.class_names[index][:21]
            lines.append(f"{numbers[index]:>7}  {name:<22}{points:>14,}{100 * points / count:>7.1f}%")
    return "\n".join(lines)


def one_line(done: LabelledFile, session: Session, target: Path, seconds: float) -> str:
    """One of several scans: how many points, how long it took, and its largest classes."""
    count = done.cloud.reader.file.count
    largest = (-done.points_of_class).argsort(kind="stable")[:3].tolist()
    told = ", ".join(
        f"{session.class_names[index]} {100 * done.points_of_class[index] / count:.0f} %"
        for index in largest
        if done.points_of_class[index]
    )
    return f"{target}: {count:,} points in {seconds:.2f} s; {told}"


def remarks(done: LabelledFile, session: Session) -> Iterator[str]:
    """What one should know of this result, a sentence each."""
    cloud, file = done.cloud, done.cloud.reader.file
    reading = cloud.reader.reading
    if not session.reading_is_known:
        taken = "metres are taken, and " if reading.units is None else ""
        yield (
            "the model file is of an older version, which does not say in what unit its clouds were, nor what labels "
            f"its classes had: {taken}labels are the classes' numbers from 0; export the run again"
        )
    elif not reading.labels:
        yield (
            "the model file does not say what labels its classes had, as its run is of an older version: labels are "
            "the classes' numbers from 0"
        )
    told = unit_note(file, reading.units)
    if told is not None:
        yield told
    unit = unit_of(file, reading.units)
    if file.can_state_units and file.units is None and reading.units is not None:
        yield f"{file.path}: the file does not state its unit of length, {unit} is taken, as of the training data"
    if not math.isclose(cloud.frame.voxel_size, session.voxel_size, rel_tol=0.01):
        yield f"the model was trained on voxels of {session.voxel_size:g} m, not of {cloud.frame.voxel_size:g} m"
    extent = cloud.survey.high - cloud.survey.low
    size = (float(extent[0]), float(extent[1]), float(extent[2]))
    likelier = better_unit(size, point_spacing(cloud.voxels, cloud.frame.voxel_size), unit)
    x, y, z = extent / UNITS[unit]
    if like_degrees(size):
        yield f"the cloud is {x:.3g} x {y:.3g} x {z:.3g}, far higher than wide: are x and y degrees? Project them"
    elif likelier is not None:
        yield f"units? in {unit} the cloud is {x:.3g} x {y:.3g} x {z:.3g}; it would be a room if it were in {likelier}"
    if len(cloud.voxels) < _FEW_VOXELS < cloud.survey.kept / 10:
        yield f"all points lie in {counted(len(cloud.voxels), 'voxel')} of {cloud.frame.voxel_size:g} m"
    if cloud.survey.dropped:
        yield (
            f"{counted(cloud.survey.dropped, 'point')} without finite coordinates got the label {cloud.numbers.none}"
        )
    names = [one.name for one in file.fields]
    for name, other in moved_names(names, [LABEL, CONFIDENCE]).items():
        yield f"the scan's own column '{name}' is kept as '{other}'"
    yield from done.notes
    if cloud.classes.tiles > 1:
        exact = cloud.margin >= session.radius
        equal = "as if run at once" if exact else f"near seams labels may differ (receptive field {session.radius})"
        yield f"run in {cloud.classes.tiles} tiles that overlap by {cloud.margin} voxels; {equal}"


def class_totals(found: list[np.ndarray], session: Session) -> str:
    """Points of each class over several scans."""
    total = np.sum(found, axis=0)
    lines = [f"{'class':<22}{'points':>14}{'share':>8}"]
    for index in (-total).argsort(kind="stable").tolist():
        if total[index]:
            share = 100 * total[index] / total.sum()
            lines.append(f"{session.class_names[index][:21]:<22}{total[index]:>14,}{share:>7.1f}%")
    return "\n".join(lines)
