"""An object that holds many tensors as two values: its pickle without them, and one block with all their bytes.

A loading process hands over every tensor in a piece of shared memory of its own. Its file descriptor is fetched from
that process, which costs a millisecond while it is busy, and kernel maps are hundreds of small tensors where a process
may as a rule hold 1,024 descriptors. As a parcel, a batch is one.
"""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

_ALIGNMENT = 8  # bytes of the widest element, as a view of the block must start on a whole one

_Place = tuple[int, int, torch.dtype, tuple[int, ...]]


@dataclass(frozen=True)
class Parcel:
    """An object on its way to another process.

    pickled: the object, with the places of its tensors in their stead. block: ``(bytes,)`` uint8. places: of each
    tensor its first byte, the one past its last, its type and its shape.
    """

    pickled: bytes
    block: Tensor
    places: list[_Place]

    def pin_memory(self) -> Parcel:
        """The same with the block in page-locked memory; the DataLoader calls this when asked to pin."""
        return replace(self, block=self.block.pin_memory())

    def opened(self) -> Any:
        """The object; its tensors are views of the block, so that nothing is copied.

        Pickle runs what it is told to: only for what this program has made itself.
        """
        tensors = [self.block[begin:end].view(dtype).view(shape) for begin, end, dtype, shape in self.places]
        return _Unpickler(self.pickled, tensors).load()


def parcel_of(thing: Any) -> Parcel:
    """The parcel of an object whose tensors are on the CPU; a tensor that is met twice is kept once."""
    buffer = io.BytesIO()
    pickler = _Pickler(buffer)
    pickler.dump(thing)
    places: list[_Place] = []
    end = 0
    for tensor in pickler.tensors:
        begin = -(-end // _ALIGNMENT) * _ALIGNMENT
        end = begin + tensor.nbytes
        places.append((begin, end, tensor.dtype, tuple(tensor.shape)))
    block = torch.empty(end, dtype=torch.uint8)
    for tensor, (begin, end, dtype, shape) in zip(pickler.tensors, places, strict=True):
        block[begin:end].view(dtype).view(shape).copy_(tensor)
    return Parcel(buffer.getvalue(), block, places)


class _Pickler(pickle.Pickler):
    def __init__(self, buffer: io.BytesIO) -> None:
        super().__init__(buffer, protocol=pickle.HIGHEST_PROTOCOL)
        self.tensors: list[Tensor] = []
        self._number: dict[int, int] = {}

    def persistent_id(self, obj: Any) -> int | None:
        if type(obj) is not Tensor:
            return None
        if id(obj) not in self._number:
            self._number[id(obj)] = len(self.tensors)
            self.tensors.append(obj)
        return self._number[id(obj)]


class _Unpickler(pickle.Unpickler):
    def __init__(self, pickled: bytes, tensors: list[Tensor]) -> None:
        super().__init__(io.BytesIO(pickled))
        self._tensors = tensors

    def persistent_load(self, pid: int) -> Tensor:
        return self._tensors[pid]
