"""Names of classes as comments of a cloud's file: `class LABEL NAME`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_COMMENT = re.compile(r"class (-?\d{1,18}) (.+)")
_ESCAPED = re.compile(r"\\x([0-9a-f]{2})|\\u([0-9a-f]{4})|\\U(000[0-9a-f]{5})")


def class_comments(names: Mapping[int, str]) -> list[str]:
    """A comment for each class, by its label."""
    return [f"class {label} {name}" for label, name in sorted(names.items())]


def named_classes(comments: Iterable[str]) -> dict[int, str]:
    """Names that comments give to labels; signs beyond ASCII may be escaped, as they are in headers of PLY files."""
    found = (match for comment in comments if (match := _COMMENT.fullmatch(comment)))
    return {int(match[1]): _unescaped(match[2]) for match in found}


def _unescaped(name: str) -> str:
    return _ESCAPED.sub(lambda sign: chr(int(sign[1] or sign[2] or sign[3], 16)), name)
