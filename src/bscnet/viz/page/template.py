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


def head(title: str, style: str, images: str = "data:", script: str | None = None, more: str = "") -> str:
    """What stands above the body of every page, which may load nothing but what is named here.

    Args:
        title: of the page, as it is to be read.
        style: its style sheet.
        images: sources of its images, in the words of a content security policy.
        script: its script; None: it has none.
        more: of the policy: further sources of scripts, and directives.
    """
    policy = f"default-src 'none'; img-src {images}; style-src '{source_hash(style)}'"
    if script is not None:
        policy += f"; script-src '{source_hash(script)}'{more}"
    return filled(part("head.html"), {"title": shown(title), "policy": policy, "style": style})


def filled(template: str, values: Mapping[str, str]) -> str:
    """Every {{name}} replaced in one pass, so that nothing inside a value is taken for a place to fill."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], template)
