"""Where the elements of a PLY file begin and end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bscnet.clouds.formats.ply.elements import Element
from bscnet.clouds.formats.ply.lines import Lines, places_of
from bscnet.clouds.formats.ply.walk import blocks
from bscnet.errors import InputError


def behind(path: Path, order: str, elements: Sequence[Element], offset: int) -> int:
    """Offset of what comes behind some elements.

    Args:
        path: of the file.
        order: of its bytes; empty for text.
        elements: that follow one another in the file.
        offset: where the first of them begins.

    Raises:
        InputError: the file ends before they do, or their lists are damaged.
    """
    return _in_binary(path, order, elements, offset) if order else _in_text(path, elements, offset)


def _in_binary(path: Path, order: str, elements: Sequence[Element], offset: int) -> int:
    size = path.stat().st_size
    for element in elements:
        if not element.lists:
            offset += element.count * element.row_bytes(0)
        elif element.count:
            with path.open("rb") as stream:
                stream.seek(offset)
                offset += sum(int(block.starts[-1]) for block in blocks(stream, element, order, path))
        if offset > size:
            raise InputError(f"{path}: damaged or truncated PLY file, it ends within element '{element.name}'")
    return offset


def _in_text(path: Path, elements: Sequence[Element], offset: int) -> int:
    if not any(element.count for element in elements):
        return offset
    with path.open("rb") as stream:
        stream.seek(offset)
        lines = Lines(stream, path)
        for element in elements:
            if not element.properties:
                continue  # its rows are empty lines, if anything
            missing, last = lines.skip(element.count)
            if missing or (element.count and places_of(last.split(), element) is None):
                raise InputError(
                    f"{path}: damaged or truncated PLY file, {missing or 'the last'} of the {element.count} rows of "
                    f"element '{element.name}' {'are missing' if missing else 'is not whole'}"
                )
        return lines.offset
