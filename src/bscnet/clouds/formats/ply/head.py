"""Writing headers of PLY files: a new one, or another file's with properties and comments added."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from bscnet.clouds.formats.ply.elements import Header
from bscnet.clouds.formats.ply.header import words_of
from bscnet.clouds.formats.ply.types import name_of

Typed = Mapping[str, np.dtype[Any]]
"""Properties: PLY's names, and types that it has."""

_OTHER = re.compile(r"[^!-~]+")
_CLASS = re.compile(rb"(comment\s+class)(\s+[0-9]+\s)")


def plain_names(names: Collection[str]) -> dict[str, str]:
    """A name that every reader of PLY takes for each: letters without accents, and underscores for all that is no sign
    of ASCII, blanks too; none is there twice."""
    found, used = dict[str, str](), set[str]()
    for name in names:
        letters = (sign for sign in unicodedata.normalize("NFKD", name.strip()) if not unicodedata.combining(sign))
        plain = _OTHER.sub("_", "".join(letters)) or "_"
        number, one = 1, plain
        while one in used or (one != name and one in names):
            number += 1
            one = f"{plain}_{number}"
        found[name] = one
        used.add(one)
    return found


def new_head(count: int, properties: Typed, comments: Iterable[str]) -> bytes:
    """Of binary little endian vertices and nothing else."""
    lines = [b"ply", b"format binary_little_endian 1.0", *_comments(comments)]
    lines += [b"element vertex %d" % count, *_properties(properties), b"end_header"]
    return b"".join(line + b"\n" for line in lines)


def kept_head(header: Header, moved: Mapping[str, str], properties: Typed, comments: Iterable[str]) -> bytes:
    """All lines of a header, with more.

    Args:
        header: of the file that is given back.
        moved: new names of properties of its vertices.
        properties: that its vertices get behind their own.
        comments: that come behind everything.
    """
    lines, element, last = list[bytes](), "", 0
    for line in header.lines[:-1]:
        words = words_of(line)
        match words[:1]:
            case ["element"]:
                element = words[1]
            case ["property"] if element == "vertex":
                last = len(lines) + 1
                if words[-1] in moved:
                    line = " ".join([*words[:-1], moved[words[-1]]]).encode()
        lines.append(line)
    lines[last:last] = _properties(properties)
    return b"".join(line + header.end for line in [*lines, *_comments(comments), header.lines[-1]])


def without_classes(header: Header) -> Header:
    """The header with its comments `class ID NAME`, which name the classes of another column, as `class_input`."""
    lines = [
        _CLASS.sub(rb"\1_input\2", line) if line.lstrip().startswith(b"comment") else line for line in header.lines
    ]
    return replace(header, lines=lines)


def _properties(properties: Typed) -> list[bytes]:
    return [f"property {name_of(dtype)} {name}".encode() for name, dtype in properties.items()]


def _comments(comments: Iterable[str]) -> list[bytes]:
    """Lines of ASCII, other signs escaped as Python does: there are readers that refuse a header of anything else."""
    lines = [line.strip() for comment in comments for line in comment.splitlines()]
    return [f"comment {line}".encode("ascii", "backslashreplace") for line in lines if line]
