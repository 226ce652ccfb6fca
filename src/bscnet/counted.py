"""Numbers of things in sentences."""

from __future__ import annotations


def counted(count: int, thing: str, things: str | None = None) -> str:
    """As in "1 point" and "7 points"; things: the plural where it is not formed by an s."""
    return f"{count} {thing if count == 1 else things or thing + 's'}"
