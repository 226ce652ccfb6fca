"""The page as one file: template, style, scripts, and the binaries packed as text."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bscnet.viz.page.page import json_text, view, viewer_script
from bscnet.viz.page.template import filled, head, part, shown

TITLE = "Label a scan"
# a worker is made of text that the page holds; both may start WebAssembly, and neither may open a connection
_POLICY = " 'wasm-unsafe-eval'; worker-src blob:; connect-src 'none'"


def page_text(
    web: Path, rules: Mapping[str, Any], scripts: Mapping[str, str], binaries: Mapping[str, Path], licences: str
) -> str:
    """The page's HTML.

    Args:
        web: the folder with its template and its style.
        rules: of `rules_of`.
        scripts: the bundles of "page", which the viewer comes before, and of "worker"; they must not end their element.
        binaries: files of "engine", "scalar", "model" and "laz".
        licences: texts that have to go with what is in it.

    Raises:
        ValueError: a script would end its element.
    """
    for name, script in scripts.items():
        if "</script" in script or "<!--" in script:
            raise ValueError(f"the bundle {name} holds what ends or hides its element in HTML")
    style = part("viewer.css") + (web / "page.css").read_text(encoding="utf-8")
    script = viewer_script() + scripts["page"]
    return filled(
        (web / "page.html").read_text(encoding="utf-8"),
        {
            "head": head(TITLE, style, script=script, more=_POLICY),
            "view": view(TITLE),
            "note": shown(rules["note"]),
            "licences": shown(licences),
            "rules": json_text(rules),
            "worker": scripts["worker"],
            "script": script,
            **{name: packed(path.read_bytes()) for name, path in binaries.items()},
        },
    )


def packed(data: bytes) -> str:
    """Base64 of gzip, as the viewer's `unpacked` reads it."""
    return base64.b64encode(gzip.compress(data, 9, mtime=0)).decode("ascii")
