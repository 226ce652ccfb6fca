"""Writes what was measured: `probe.json`, `probe.md` and the figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bscnet.probe.figures import figures
from bscnet.probe.report import document
from bscnet.whole_file import write_json_whole, write_text_whole, written_whole


def write_probe(folder: Path, found: Mapping[str, Any]) -> list[Path]:
    """Write everything into a folder that is there; the files' paths. InputError: a file cannot be written."""
    drawn = figures(found)
    names = {shown: f"{stem}.png" for stem, (shown, _) in drawn.items()}
    write_json_whole(folder / "probe.json", found, indent=1)
    write_text_whole(folder / "probe.md", document(found, names))
    for stem, (_, draw) in drawn.items():
        with written_whole(folder / f"{stem}.png") as stream:
            draw(found).savefig(stream, format="png", dpi=120)
    return [folder / "probe.json", folder / "probe.md", *(folder / f"{stem}.png" for stem in drawn)]
