"""The picture and the page that `bscnet predict` draws of a labelled scan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bscnet.cli.outputs import check_folder, check_output
from bscnet.counted import counted
from bscnet.errors import InputError
from bscnet.installation import how_to_install, missing
from bscnet.prediction.label_file import LabelledFile
from bscnet.runtime import Session
from bscnet.settings.words import PaletteName

if TYPE_CHECKING:
    from bscnet.viz.page import PageScene


class Views(NamedTuple):
    """Where a labelled scan is drawn, or several of them, which take folders, and in which colours.

    picture, page: None: not at all. palette: None: the default.
    """

    picture: Path | None
    page: Path | None
    palette: PaletteName | None

    @property
    def files(self) -> list[Path]:
        """What is written."""
        return [path for path in (self.picture, self.page) if path is not None]

    def within(self, name: str) -> Views:
        """Those of one of several scans, whose output has this name."""
        return Views(
            None if self.picture is None else self.picture / f"{name}.png",
            None if self.page is None else self.page / f"{name}.html",
            self.palette,
        )


def check_views(views: Views, folders: bool, others: Sequence[Path]) -> None:
    """See that they can be written.

    Args:
        views: where to.
        folders: whether they are folders, for several scans.
        others: files that must not be overwritten.

    Raises:
        InputError: one cannot, or what draws it is not installed.
    """
    for option, path, ending in (("--render", views.picture, ".png"), ("--page", views.page, ".html")):
        if path is None:
            continue
        if folders:
            check_folder(path, option)
            continue
        check_output(path, option, others)
        if path.suffix.lower() != ending:
            raise InputError(f"{option} {path}: it is written as {ending[1:].upper()}, the name must end in {ending}")
    if views.picture is None:
        return
    if missing("PIL"):
        raise InputError(f"--render {views.picture} needs Pillow: {how_to_install('predict')}")


def draw(views: Views, done: LabelledFile, session: Session, title: str) -> None:
    """Draw a scan as `bscnet show` does.

    Raises:
        InputError: it cannot be drawn here, or written.
    """
    if done.sample is None:
        return
    from bscnet.viz.page import write_page

    scene = _scene(done, session, title)
    if views.palette is not None:
        scene = replace(scene, palette=views.palette)
    if views.page is not None:
        write_page(views.page, scene)
    if views.picture is None:
        return
    from bscnet.evaluation.scene_pages import write_picture

    try:
        write_picture(views.picture, scene, title)
    except InputError as error:
        raise InputError(f"--render: the labels are written, but no picture could be: {error}") from error


def _scene(done: LabelledFile, session: Session, title: str) -> PageScene:
    from bscnet.viz.page import PageScene

    sample, count = done.sample, done.cloud.reader.file.count
    assert sample is not None
    kept, left_out = done.cloud.survey.kept, done.cloud.survey.dropped
    facts = {"model": str(session.description.get("name")), "points": f"{count:,}"}
    if len(sample.points) < kept:
        facts["points"] += f", of which {len(sample.points):,} are drawn"
    if left_out:
        facts["left out"] = f"{counted(left_out, 'point')} without finite coordinates"
    try:
        return PageScene(
            name=title,
            points=sample.points,
            colors=sample.colors,
            truth=sample.truth,
            prediction=sample.classes,
            confidence=sample.confidence,
            class_names=session.class_names,
            facts=facts,
        )
    except ValueError as error:  # more classes, or wider than a page can show
        raise InputError(f"the labels are written, but there is nothing to draw: {error}") from error
