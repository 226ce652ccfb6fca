"""The page of a run: its scores, and the way to the pages of its scenes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from bscnet.viz.page.template import filled, head, part, shown
from bscnet.whole_file import written_whole


class ScenePage(NamedTuple):
    """A page of a scene in the same folder: what it shows, its file's name, and that of a picture of it."""

    text: str
    page: str
    picture: str


def write_index(
    path: Path, title: str, facts: Mapping[str, str], scores: Mapping[str, Any], pages: Sequence[ScenePage]
) -> Path:
    """Write a run's page; returns its path.

    Args:
        path: of the page.
        title: of the run.
        facts: lines under the title.
        scores: as `scores.json` has them: "miou", "macc" and "acc"; "classes" with "iou", "recall" and "points" each;
            "scenes" with the mIoU of each. Fractions, None where one is not defined.
        pages: scenes that have a page.

    Raises:
        InputError: the file cannot be written.
    """
    known = {
        **facts,
        "mIoU": _percent(scores["miou"]),
        "mean accuracy": _percent(scores["macc"]),
        "accuracy": _percent(scores["acc"]),
    }
    classes = [
        (name, _percent(row["iou"]), _percent(row["recall"]), f"{row['points']:,}")
        for name, row in scores["classes"].items()
    ]
    ranked = sorted(scores["scenes"].items(), key=lambda scene: -1.0 if scene[1] is None else scene[1], reverse=True)
    text = filled(
        part("index.html"),
        {
            "head": head(title, part("index.css"), images="'self' file: data:"),
            "title": shown(title),
            "facts": "".join(
                f"<div><dt>{shown(name)}</dt><dd>{shown(value)}</dd></div>" for name, value in known.items()
            ),
            "links": "".join(map(_figure, pages)),
            "classes": "".join(map(_row, classes)),
            "scenes": "".join(_row((name, _percent(miou))) for name, miou in ranked),
        },
    )
    with written_whole(path) as stream:
        stream.write(text.encode("ascii"))
    return path


def _figure(scene: ScenePage) -> str:
    page, picture, text = shown(quote(scene.page)), shown(quote(scene.picture)), shown(scene.text)
    image = f'<a href="{page}"><img src="{picture}" alt="{text}"></a>'
    return f'<figure>{image}<figcaption><a href="{page}">{text}</a></figcaption></figure>'


def _row(cells: Sequence[str]) -> str:
    first, *others = map(shown, cells)
    return f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in others)}</tr>'


def _percent(share: float | None) -> str:
    return "\u2013" if share is None else f"{100 * share:.1f} %"
