"""Kernel maps of a level, made by the compiled library and kept as tensors, which can go to another process."""

from __future__ import annotations

import ctypes
import functools
import weakref
from typing import NamedTuple

import torch
from torch import Tensor

from bscnet.sparse.kernel_map import Pairs
from bscnet.sparse.native.library import call, training_library

CUBE_3, CUBE_5, CHILDREN, PARENT = 3, 5, 2, -2
"""Kinds of maps, `BSCNET_MAP_…` of bscnet_training.h."""

CELLS = {CUBE_3: 27, CUBE_5: 125, CHILDREN: 8, PARENT: 8}

_HEADER_WORDS = 16


class Links(NamedTuple):
    """The way between a level and the next coarser one.

    All are int32. coords: ``(M, 4)`` of the coarser level. parent: ``(N,)`` coarse row of each site. child: ``(N,)``
    rows of this level, those of each coarse row by their place in 2x2x2. first_child: ``(M + 1,)`` places in child.
    """

    coords: Tensor
    parent: Tensor
    first_child: Tensor
    child: Tensor


class MapMaker:
    """Sorts the sites of a level once and makes maps of them.

    Args:
        coords: ``(N, 4)`` int32 on the CPU, in C order.

    Raises:
        InputError: a coordinate out of range, or a site that is listed twice.
    """

    def __init__(self, coords: Tensor) -> None:
        self._sites = len(coords)
        self._handle = ctypes.c_void_p()
        call("bscnet_sites_create", len(coords), coords.data_ptr(), ctypes.byref(self._handle))
        weakref.finalize(self, training_library().bscnet_sites_free, self._handle).atexit = False

    def links(self) -> Links:
        """The way to the coarser level."""
        coarse = training_library().bscnet_sites_coarse(self._handle)
        links = Links(*(torch.empty(shape, dtype=torch.int32) for shape in self._shapes(coarse)))
        call("bscnet_sites_links", self._handle, *(tensor.data_ptr() for tensor in links))
        return links

    def map(self, kind: int) -> Tensor:
        """One of the maps, ``(words,)`` int32; what the words are, csrc/training/flat_map.h says."""
        library, made, threads = training_library(), ctypes.c_void_p(), torch.get_num_threads()
        call("bscnet_map_create", self._handle, kind, threads, ctypes.byref(made))
        try:
            words = torch.empty(library.bscnet_map_words(made), dtype=torch.int32)
            call("bscnet_map_write", made, threads, words.data_ptr())
        finally:
            library.bscnet_map_free(made)
        return words

    def _shapes(self, coarse: int) -> tuple[tuple[int, ...], ...]:
        return (coarse, 4), (self._sites,), (coarse + 1,), (self._sites,)


def pair_counts(words: Tensor, kind: int) -> Tensor:
    """Pairs of each cell of a map, ``(cells,)`` int64."""
    counts = torch.empty(CELLS[kind], dtype=torch.int64)
    call("bscnet_map_counts", words.data_ptr(), len(words), CELLS[kind], counts.data_ptr())
    return counts


def pair_lists(words: Tensor) -> Pairs:
    """(output rows, input rows) of each cell of a map, for operators of torch."""
    out_rows, _, cells, blocks, pairs = words[2:7].tolist()
    lengths = (blocks + 1, out_rows, blocks * cells + 1, pairs, -(-pairs // 4))
    begin, order, start, source, places = words[_HEADER_WORDS:].split(lengths)
    lists = torch.repeat_interleave(torch.arange(blocks * cells), start.diff().long())
    places = places.view(torch.uint8)[:pairs].long()
    targets = order[begin[lists // cells].long() + places].long()
    by_cell = torch.argsort(lists % cells, stable=True)
    counts = torch.bincount(lists % cells, minlength=cells).tolist()
    return list(zip(targets[by_cell].split(counts), source[by_cell].long().split(counts), strict=True))


@functools.cache
def every_cell(kind: int) -> Tensor:
    """``(1, cells)`` int32: each slice of the weight has the cell of its number."""
    return torch.arange(CELLS[kind], dtype=torch.int32)[None]


def opposite(cells: Tensor, kind: int) -> Tensor:
    """The cells on the other side of the site, of a cube."""
    return CELLS[kind] - 1 - cells
