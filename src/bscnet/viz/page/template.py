"""Filling the HTML files that pages are made from."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Mapping
from importlib import resources


def part(name: str) -> str:
    """The text of a file beside this one."""
    return (resources.files("bscnet.viz.page") / name).read_text(encoding="utf-8")


def source_hash(text: str) -> str:
    """How a content security policy names a script or a style of the page itself."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def shown(text: str) -> str:
    """A text as it has to stand in HTML to be read as it is, in ASCII."""
    return html.escape(text).encode("ascii", "xmlcharrefreplace").decode()


def filled(template: str, values: Mapping[str, str]) -> str:
    """Every {{name}} replaced in one pass, so that nothing inside a value is taken for a place to fill."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], template)
