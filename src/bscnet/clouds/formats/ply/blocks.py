"""Rows of a binary PLY's element that has lists, so that each may begin anywhere: their values and their lists."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.clouds.formats.ply.elements import Element, Property


@dataclass(frozen=True)
class Block:
    """Consecutive rows.

    Attributes:
        element: whose rows they are.
        order: of their bytes.
        data: bytes that hold them, and maybe more.
        starts: (P + 1,) where in the data each begins, and where the last one ends.
        record: of a row, where all lists of a name are equally long.
    """

    element: Element
    order: str
    data: bytes
    starts: npt.NDArray[np.int64]
    record: np.dtype[np.void] | None = None

    def __len__(self) -> int:
        return len(self.starts) - 1

    def part(self, first: int, stop: int) -> Block:
        """Some of the rows."""
        return replace(self, starts=self.starts[first : stop + 1])

    @cached_property
    def places(self) -> dict[str, npt.NDArray[np.int64]]:
        """(P,) where in the data each property's value, or its list's length, is."""
        places, at = {}, self.starts[:-1]
        for one in self.element.properties:
            places[one.name], at = at, at + one.bytes
            if one.length is not None:
                at = at + self._at(places[one.name], one.length).astype(np.int64) * one.item_bytes
        return places

    def numbers(self, name: str) -> npt.NDArray[Any]:
        """(P,) values of a property, in this machine's byte order."""
        if self.record is not None:
            return _native(self._table[name])
        return self._at(self.places[name], self._property(name).kind)

    def lists(self, name: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any]]:
        """(P,) lengths of the lists of a property, and all their items one behind the other."""
        if self.record is not None:
            items = self._table[name]
            return np.full(len(self), items.shape[1], np.int64), _native(items).reshape(-1)
        one = self._property(name)
        lengths = self._at(self.places[name], str(one.length)).astype(np.int64)
        begins = self.places[name] + one.bytes - (np.cumsum(lengths) - lengths) * one.item_bytes
        return lengths, self._at(np.repeat(begins, lengths) + np.arange(lengths.sum()) * one.item_bytes, one.kind)

    @property
    def _table(self) -> npt.NDArray[np.void]:
        assert self.record is not None
        return np.frombuffer(self.data, self.record, len(self), int(self.starts[0]))

    def _property(self, name: str) -> Property:
        return next(one for one in self.element.properties if one.name == name)

    def _at(self, places: npt.NDArray[np.int64], kind: str) -> npt.NDArray[Any]:
        raw = np.frombuffer(self.data, np.uint8)[places[:, None] + np.arange(int(kind[1:]))]
        return _native(raw.reshape(-1).view(f"{self.order}{kind}"))


def _native(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return values.astype(values.dtype.newbyteorder("="), copy=False)
