"""Writing headers of PCD files: a new one, or another file's with fields and comments added."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from bscnet.clouds.formats.pcd.header import PADDING, TYPES, Header, PcdField
from bscnet.clouds.formats.text.encoding import decoded

_CODES = {np.dtype(kind): code for code, kind in TYPES.items()}
_CLASS = re.compile(rb"(#\s*class)(\s+[0-9]+\s)")


def plain_names(names: Iterable[str]) -> list[str]:
    """A name that PCD can hold for each: one word, none twice, none that is of padding."""
    found: list[str] = []
    for name in names:
        plain = "_".join(name.split()) or "unnamed"
        while plain in (PADDING, *found):
            plain += "_"
        found.append(plain)
    return found


def type_for(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type of PCD that holds all values of one of NumPy's numbers; of long doubles those that are doubles."""
    if dtype.kind == "b":
        return np.dtype("<u1")
    if dtype.kind == "f":
        return np.dtype("<f4") if dtype.itemsize <= 4 else np.dtype("<f8")
    return np.dtype(f"<{dtype.kind}{dtype.itemsize}")


def new_head(points: int, fields: Sequence[PcdField], comments: Iterable[str]) -> bytes:
    """Of a binary file of version 0.7."""
    lines = [
        b"# .PCD v0.7 - Point Cloud Data file format",
        *_comments(comments),
        b"VERSION 0.7",
        b"FIELDS" + _names(fields),
        b"SIZE" + _sizes(fields),
        b"TYPE" + _types(fields),
        b"COUNT" + _counts(fields),
        b"WIDTH %d" % points,
        b"HEIGHT 1",
        b"VIEWPOINT 0 0 0 1 0 0 0",
        b"POINTS %d" % points,
        b"DATA binary",
    ]
    return b"".join(line + b"\n" for line in lines)


def kept_head(
    header: Header, kind: str, moved: Mapping[str, str], added: Sequence[PcdField], comments: Iterable[str]
) -> bytes:
    """All lines of a header, with more fields.

    Args:
        header: of the file that is given back.
        kind: how the points are stored now.
        moved: new names of its fields.
        added: fields behind its own.
        comments: that come behind those at its beginning; when there are some, those that name classes come to be
            called `class_input`, as they are of another field.
    """
    told = _comments(comments)
    more = {
        b"FIELDS": _names(added), b"COLUMNS": _names(added), b"SIZE": _sizes(added), b"TYPE": _types(added),
        b"COUNT": _counts(added),
    }  # fmt: skip
    lines: list[bytes] = []
    first = next((place for place, line in enumerate(header.lines) if not line.lstrip().startswith(b"#")), 0)
    for place, line in enumerate(header.lines):
        body = line.rstrip()
        end = line[len(body) :]
        if place == first:
            lines += [comment + end for comment in told]
        key = body.split()[0] if body else b""
        if key in (b"FIELDS", b"COLUMNS") and moved:
            body = b" ".join([key, *(_moved(name, moved) for name in body.split()[1:])])
        if key == b"DATA":
            body = b"DATA " + kind.encode()
        elif told and key.startswith(b"#"):
            body = _CLASS.sub(rb"\1_input\2", body)
        lines.append(body + more.get(key, b"") + end)
    return b"".join(lines)


def _moved(name: bytes, moved: Mapping[str, str]) -> bytes:
    text = decoded(name)
    return name + moved[text].removeprefix(text).encode() if text in moved else name


def _comments(comments: Iterable[str]) -> list[bytes]:
    """Lines of ASCII, other signs escaped as Python does: there are readers that refuse a header of anything else."""
    lines = [line.strip() for comment in comments for line in comment.splitlines()]
    return [f"# {line}".encode("ascii", "backslashreplace") for line in lines if line]


def _names(fields: Sequence[PcdField]) -> bytes:
    return b"".join(b" " + one.name.encode() for one in fields)


def _types(fields: Sequence[PcdField]) -> bytes:
    return b"".join(b" " + _CODES[one.dtype][:1].encode() for one in fields)


def _sizes(fields: Sequence[PcdField]) -> bytes:
    return b"".join(b" %d" % one.dtype.itemsize for one in fields)


def _counts(fields: Sequence[PcdField]) -> bytes:
    return b"".join(b" %d" % one.count for one in fields)
