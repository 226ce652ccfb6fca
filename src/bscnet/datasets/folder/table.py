"""A folder's report as tables on the console."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bscnet.counted import counted
from bscnet.datasets.folder.description import SPLITS

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from bscnet.datasets.folder.report import FolderReport

_MOST = 40


def report_table(report: FolderReport) -> Group:
    """Something rich prints: the scenes, the classes of each split, and the findings."""
    from rich.console import Group
    from rich.markup import escape
    from rich.table import Table

    scenes = Table(
        title=f"{escape(str(report.root))}: {counted(len(report.scenes), 'scene')}, voxels of {report.voxel_size:g} m"
    )
    scenes.add_column("split")
    scenes.add_column("scene")
    for title in ("points", "extent, m", "apart, m", "voxels", "points / voxel", "ignored", "colours"):
        scenes.add_column(title, justify="right")
    for scene in report.scenes[:_MOST]:
        x, y, z = scene.extent
        scenes.add_row(
            scene.split,
            escape(scene.name),
            f"{scene.points:,}",
            f"{x:.4g} x {y:.4g} x {z:.4g}",
            f"{scene.spacing:.3g}",
            f"{scene.voxels:,}",
            f"{scene.points_per_voxel:.1f}",
            f"{scene.ignored / scene.points:.0%}",
            _colours(scene.color_range, report.description.reading.colors),
        )
    if len(report.scenes) > _MOST:
        scenes.caption = f"and {len(report.scenes) - _MOST} more"
    parts: list[Table | str] = [scenes]
    if report.description.class_names:
        parts.append(_classes(report))
    for finding in report.findings:
        mark = "[red]error[/]" if finding.error else "[yellow]warning[/]"
        parts.append(f"{mark}  {escape(finding.text)}")
    if not report.findings:
        parts.append("[green]nothing looks wrong[/]")
    return Group(*parts)


def _colours(found: str, described: str) -> str:
    """The range of a scan's colours, and whether it was described or taken for what it looks like."""
    if not found:
        return "none"
    return f"0..{found} (auto)" if described == "auto" else f"0..{described}"


def _classes(report: FolderReport) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title="points of each class")
    table.add_column("class")
    counts = {split: report.counts(split) for split in SPLITS}
    shown = [split for split in SPLITS if counts[split]]
    for split in shown:
        table.add_column(split, justify="right")
    for index, name in enumerate(report.description.class_names):
        cells = [f"{counts[split][index]:,} ({_share(counts[split][index], counts[split])})" for split in shown]
        table.add_row(escape(name), *cells)
    return table


def _share(part: int, counts: list[int]) -> str:
    return f"{part / sum(counts):.1%}" if sum(counts) else "-"
