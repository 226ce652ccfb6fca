"""A packed model file run by definition: one site, one cell, one channel list at a time, over dictionaries.

Reads safetensors by hand and imports nothing of the project. Float32 throughout; a fused multiply-add is computed in
float64, where the product of two float32 is exact, and rounded to float32 (twice rounded, which differs from one
rounding about once in 2^29 times).
"""

from __future__ import annotations

import itertools
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np

Site = tuple[int, int, int, int]
Rows = dict[Site, np.ndarray]
STEP_ROWS = {"affine": 2, "prelu": 1, "rprelu": 3, "relu": 0, "hardtanh": 0, "bias": 1, "float16": 0, "add": 0}
DTYPES = {"F32": np.float32, "F16": np.float16, "U8": np.uint8}


class ModelFile:
    """Metadata, description and tensors of a file."""

    def __init__(self, path: str | Path) -> None:
        content = Path(path).read_bytes()
        size = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + size])
        buffer = content[8 + size :]
        self.metadata: dict[str, str] = header.pop("__metadata__")
        self.description: dict[str, Any] = json.loads(self.metadata["description"])
        self.checksum = f"{zlib.crc32(self.metadata['description'].encode() + buffer):08x}"
        self.tensors: dict[str, np.ndarray] = {}
        for name, entry in header.items():
            begin, end = entry["data_offsets"]
            flat = np.frombuffer(buffer[begin:end], DTYPES[entry["dtype"]])
            self.tensors[name] = flat.reshape(entry["shape"])
        self._name_rows()

    def _name_rows(self) -> None:
        """Rows of ``i.rows`` by what they are: ``i.scale``, step j's ``i.j.a`` to ``c``, ``i.threshold``."""
        for i, instruction in enumerate(self.description["instructions"]):
            names = [f"{i}.scale"] if instruction.get("operand") == "bits" else []
            for j, (kind, *_) in enumerate(instruction.get("steps", [])):
                names += [f"{i}.{j}.{name}" for name in "abc"[: STEP_ROWS[kind]]]
            names += [f"{i}.threshold"] if instruction.get("bits", -1) != -1 else []
            rows = self.tensors.get(f"{i}.rows", np.zeros((0, 0), np.float32))
            self.tensors.update(zip(names, rows, strict=True))


def fma(x: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (x.astype(np.float64) * a.astype(np.float64) + b.astype(np.float64)).astype(np.float32)


def cube(low: int, high: int) -> list[tuple[int, int, int]]:
    """Cells of a cubic kernel, x fastest."""
    axis = range(low, high + 1)
    return [(x, y, z) for z in axis for y in axis for x in axis]


def parent(site: Site) -> Site:
    batch, x, y, z = site
    return (batch, x // 2, y // 2, z // 2)


def children(site: Site) -> list[Site]:
    """The eight sites below, in lexicographic order."""
    batch, x, y, z = site
    return [(batch, 2 * x + dx, 2 * y + dy, 2 * z + dz) for dx, dy, dz in itertools.product((0, 1), repeat=3)]


def bits_of(packed: np.ndarray, count: int) -> np.ndarray:
    """Bit j of byte b along the last axis is entry 8b + j; 0 or 1."""
    wide = (packed[..., :, None] >> np.arange(8)) & 1
    flat = wide.reshape(*packed.shape[:-1], -1)
    assert not flat[..., count:].any(), "pad bits must be 0"
    return flat[..., :count]


class Interpreter:
    """Runs a file.

    After ``run``, ``values[i]`` are the rows of value i by site and ``sums[i]`` the integer sums of instruction i.
    """

    def __init__(self, path: str | Path) -> None:
        self.file = ModelFile(path)
        self.description = self.file.description
        self.values: dict[int, Rows] = {}
        self.sums: dict[int, Rows] = {}

    def run(self, coords: np.ndarray, feats: np.ndarray) -> np.ndarray:
        """(N, 4) batch, x, y, z and (N, C) features -> (N, classes), rows in the order given."""
        sites = [tuple(int(c) for c in row) for row in coords]
        assert len(set(sites)) == len(sites)
        self.levels = [sorted(sites)]
        while len(self.levels) < self.description["levels"]:
            self.levels.append(sorted({parent(site) for site in self.levels[-1]}))
        self.values = {0: {site: row.astype(np.float32) for site, row in zip(sites, feats, strict=True)}}
        self.sums = {}
        for i, instruction in enumerate(self.description["instructions"]):
            getattr(self, f"_{instruction['op']}")(i, instruction)
        return np.stack([self.values[self.description["output"]][site] for site in sites])

    def _level(self, value: int) -> int:
        return self.description["values"][value][1]

    def _channels(self, value: int) -> int:
        return self.description["values"][value][2]

    def _define(self, value: int, kind: str, rows: Rows) -> None:
        declared, level, channels = self.description["values"][value]
        assert value not in self.values and declared == kind
        assert sorted(rows) == self.levels[level]
        assert all(row.shape == (channels,) and row.dtype == np.float32 for row in rows.values())
        self.values[value] = rows

    def _finish(self, i: int, instruction: dict[str, Any], rows: Rows) -> None:
        """Steps, then the outputs that the instruction has."""
        for j, (kind, *rest) in enumerate(instruction.get("steps", [])):
            rows = {site: self._step(f"{i}.{j}.", kind, rest, site, v) for site, v in rows.items()}
        if instruction.get("out", -1) != -1:
            self._define(instruction["out"], "real", rows)
        if instruction.get("bits", -1) != -1:
            self._define(instruction["bits"], "bits", {site: self._signs(i, v) for site, v in rows.items()})

    def _signs(self, i: int, v: np.ndarray) -> np.ndarray:
        flip = bits_of(self.file.tensors[f"{i}.flip"], len(v)).astype(bool)
        return np.where((v >= self.file.tensors[f"{i}.threshold"]) ^ flip, 1, -1).astype(np.float32)

    def _step(self, prefix: str, kind: str, rest: list[int], site: Site, v: np.ndarray) -> np.ndarray:
        a, b, c = (self.file.tensors.get(prefix + name) for name in "abc")
        zero, one = np.float32(0), np.float32(1)
        if kind == "affine":
            return fma(v, a, b)
        if kind == "prelu":
            return np.where(v > 0, v, a * v)
        if kind == "rprelu":
            t = v - a
            return np.where(t > 0, t, b * t) + c
        if kind == "relu":
            return np.maximum(v, zero)
        if kind == "hardtanh":
            return np.minimum(np.maximum(v, -one), one)
        if kind == "bias":
            return v + a
        if kind == "float16":  # numpy's cast rounds to nearest, ties to even
            return np.clip(v, np.float32(-65504), np.float32(65504)).astype(np.float16).astype(np.float32)
        assert kind == "add"
        (value,) = rest
        other = self.values[value]
        return v + other[site if self._level(value) == self._result_level else parent(site)]

    def _conv(self, i: int, instruction: dict[str, Any]) -> None:
        source, geometry = self.values[instruction["in"]], instruction["geometry"]
        weight = self.file.tensors[f"{i}.weight"]
        level = self._level(instruction["in"]) + {"strided": 1, "transposed": -1}.get(geometry, 0)
        self._result_level = level
        binary = instruction["operand"] == "bits"
        assert self.description["values"][instruction["in"]][0] == instruction["operand"]
        if binary:  # to (K, C_in, C_out) of +1 and -1
            ones = bits_of(weight, self._channels(instruction["in"]))
            weight = (2.0 * ones.transpose(0, 2, 1) - 1).astype(np.float32)
        weight = weight.astype(np.float32)
        shifts = instruction.get("shifts", [[0, 0, 0]])
        groups = np.array_split(np.arange(weight.shape[2]), len(shifts))
        rows: Rows = {}
        for site in self.levels[level]:
            total = np.zeros(weight.shape[2], np.float32)
            for shift, group in zip(shifts, groups, strict=True):
                for k, neighbour in enumerate(self._cells(geometry, site, shift)):
                    if neighbour not in source:
                        continue
                    if binary:  # integers: any order of summation is exact. No @, whose BLAS now and then warns of NaN
                        total[group] += (source[neighbour][:, None] * weight[k][:, group]).sum(axis=0)
                        continue
                    for x, w in zip(source[neighbour], weight[k][:, group], strict=True):
                        total[group] = fma(x, w, total[group])
            rows[site] = total
        if binary:
            self.sums[i] = rows
            assert all((row == np.round(row)).all() for row in rows.values())
            rows = {site: row * self.file.tensors[f"{i}.scale"] for site, row in rows.items()}
        self._finish(i, instruction, rows)

    def _cells(self, geometry: str, site: Site, shift: list[int]) -> list[Site | None]:
        """The site that each kernel cell reads; None where the geometry has none there."""
        batch, x, y, z = site
        if geometry == "pointwise":
            return [site]
        if geometry == "submanifold":
            sx, sy, sz = shift
            return [(batch, x + dx - sx, y + dy - sy, z + dz - sz) for dx, dy, dz in cube(-1, 1)]
        if geometry == "strided":
            return [(batch, 2 * x + dx, 2 * y + dy, 2 * z + dz) for dx, dy, dz in cube(0, 1)]
        assert geometry == "transposed"
        return [parent(site) if (x % 2, y % 2, z % 2) == cell else None for cell in cube(0, 1)]

    def _map(self, i: int, instruction: dict[str, Any]) -> None:
        self._result_level = self._level(instruction["in"])
        self._finish(i, instruction, dict(self.values[instruction["in"]]))

    def _binarize(self, i: int, instruction: dict[str, Any]) -> None:
        parts = [self.values[value] for value in instruction["in"]]
        self._finish(i, instruction, {site: np.concatenate([part[site] for part in parts]) for site in parts[0]})

    def _concat(self, i: int, instruction: dict[str, Any]) -> None:
        level = self._level(instruction["out"])
        rows: Rows = {}
        for site in self.levels[level]:
            parts = [
                self.values[value][site if self._level(value) == level else parent(site)] for value in instruction["in"]
            ]
            rows[site] = np.concatenate(parts)
        self._finish(i, instruction, rows)

    def _pool(self, i: int, instruction: dict[str, Any]) -> None:
        source = self.values[instruction["in"]]
        rows: Rows = {}
        for site in self.levels[self._level(instruction["out"])]:
            present = [source[child] for child in children(site) if child in source]
            if instruction["kind"] == "max":
                rows[site] = np.maximum.reduce(present)
            else:
                total = np.zeros_like(present[0])
                for row in present:
                    total = total + row
                rows[site] = total / np.float32(8)
        self._finish(i, instruction, rows)
