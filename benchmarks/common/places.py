"""Putting a measured table into a document, between the two comments that mark its place."""

from __future__ import annotations

from bscnet.errors import InputError


def fill(document: str, name: str, content: str) -> str:
    """The document with `content` between `<!-- results:NAME -->` and `<!-- /results:NAME -->`.

    Raises:
        InputError: one of the two comments is not there exactly once, or they stand in the wrong order.
    """
    start, end = f"<!-- results:{name} -->", f"<!-- /results:{name} -->"
    if document.count(start) != 1 or document.count(end) != 1 or document.index(start) > document.index(end):
        raise InputError(f"the document must hold {start} and after it {end}, each of them once")
    before, rest = document.split(start)
    return f"{before}{start}\n{content.strip()}\n{end}{rest.split(end)[1]}"
