"""The model file: a program and its description as safetensors.

Metadata: ``format`` "bscnet", ``version`` "2", ``description`` (JSON), ``checksum`` (CRC-32 of the description's UTF-8
bytes and the whole data buffer, 8 lower-case hex digits). The description lists values and instructions. Instruction i
owns the tensors ``i.weight``, ``i.flip`` and ``i.rows``; the rows (float32) are the scale, then a, b, c of each step
that has them, then the threshold. docs/engine.md has all of it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save

from bscnet.errors import InputError
from bscnet.export.program import Conv, Program
from bscnet.runtime.receptive_field import receptive_radius
from bscnet.whole_file import written_whole

VERSION = 2
Tensors = dict[str, npt.NDArray[Any]]


def model_bytes(program: Program, facts: Mapping[str, Any]) -> bytes:
    """The file's bytes.

    Args:
        program: the network.
        facts: entries of the description beside the program's own (name, class_names, voxel_size, features, reading
            …); plain values.
    """
    described = {
        "in_channels": program.in_channels,
        "num_classes": program.num_classes,
        "levels": program.levels,
        "values": [[value.kind, value.level, value.channels] for value in program.values],
        "instructions": [instruction.as_dict() for instruction in program.instructions],
        "output": program.output,
    }
    description = _compact({"version": VERSION, **facts, "radius": receptive_radius(described), **described})
    plain = save(tensors(program))
    begin = 8 + int.from_bytes(plain[:8], "little")
    header, buffer = json.loads(plain[8:begin]), plain[begin:]
    checksum = zlib.crc32(buffer, zlib.crc32(description.encode("utf-8")))
    metadata = {
        "format": "bscnet",
        "version": str(VERSION),
        "checksum": f"{checksum:08x}",
        "description": description,
    }
    # Put in here, as the library would write it in an order of its own each time: same network, same bytes.
    text = _compact({"__metadata__": metadata, **header}).encode("utf-8")
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + buffer


def tensors(program: Program) -> Tensors:
    """Every array of the program by its name in the file.

    What has a number for each channel of an instruction's result is a row of one tensor: scale, steps, threshold.
    """
    found: Tensors = {}
    for i, instruction in enumerate(program.instructions):
        if isinstance(instruction, Conv):
            found[f"{i}.weight"] = np.ascontiguousarray(instruction.weight)
        if instruction.binarizer is not None:
            found[f"{i}.flip"] = np.packbits(instruction.binarizer.flip, bitorder="little")
        rows = instruction.rows()
        if rows:
            found[f"{i}.rows"] = np.stack(rows)
    return found


def write_checked(path: str | Path, content: bytes, check: Callable[[Path], None]) -> None:
    """Write a file whole, or leave what was there.

    Args:
        path: where to.
        content: the bytes.
        check: sees the file under another name in the same folder; what it raises keeps the file from its place.

    Raises:
        InputError: the folder is missing or cannot be written.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder; give the name of a file to write")
    if not path.parent.is_dir():
        raise InputError(f"{path} cannot be written: No such file or directory, make the folder {path.parent} first")
    with written_whole(path, durable=True, check=check) as stream:
        stream.write(content)


def _compact(content: Mapping[str, Any]) -> str:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
