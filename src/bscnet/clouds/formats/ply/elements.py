"""What a PLY file holds: elements of rows with the same properties, as its header tells them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Property:
    """One value, or one list of values, of each row of an element. Types are NumPy's without byte order.

    Attributes:
        name: as the file has it.
        kind: type of the value, or of the list's items.
        length: type of the list's length; None for a single value.
    """

    name: str
    kind: str
    length: str | None = None

    @property
    def bytes(self) -> int:
        """Bytes of the value, or of the list's length, in a binary file."""
        return int((self.length or self.kind)[1:])

    @property
    def item_bytes(self) -> int:
        """Bytes of each further item of a list."""
        return 0 if self.length is None else int(self.kind[1:])


@dataclass
class Element:
    """One element of the file: `count` rows with the same properties, in file order."""

    name: str
    count: int
    properties: list[Property] = field(default_factory=list)

    @cached_property
    def numbers(self) -> list[Property]:
        """The properties of one value a row."""
        return [one for one in self.properties if one.length is None]

    @cached_property
    def lists(self) -> list[Property]:
        """The other ones."""
        return [one for one in self.properties if one.length is not None]

    def row_bytes(self, list_length: int) -> int:
        """Bytes of one row in a binary file whose lists all have `list_length` items."""
        return sum(one.bytes + list_length * one.item_bytes for one in self.properties)

    def record(self, order: str = "=") -> np.dtype[np.void]:
        """The numbers of one row as a NumPy record without gaps."""
        return np.dtype([(one.name, f"{order}{one.kind}") for one in self.numbers])


@dataclass(frozen=True)
class Header:
    """What the header says.

    Attributes:
        order: "<" or ">", empty for text.
        elements: in file order.
        notes: (keyword, text) of the lines `comment` and `obj_info`, in file order.
        offset: bytes before the data.
        lines: all lines as they stand, without their ends.
        end: of each line.
    """

    order: str
    elements: list[Element]
    notes: list[tuple[str, str]]
    offset: int
    lines: list[bytes]
    end: bytes

    @property
    def comments(self) -> list[str]:
        """The lines `comment`, in file order."""
        return [text for keyword, text in self.notes if keyword == "comment"]

    def place(self, name: str) -> int | None:
        """Where among the elements the one of that name is; None: there is none, or it has no rows."""
        return next((place for place, one in enumerate(self.elements) if one.name == name and one.count), None)

    def least_bytes(self) -> int:
        """Bytes that the data takes at the very least: every list empty, every number in a text one digit."""
        if self.order:
            return sum(one.row_bytes(0) * one.count for one in self.elements)
        return max(sum(2 * len(one.properties) * one.count for one in self.elements) - 1, 0)  # no end of the last line
