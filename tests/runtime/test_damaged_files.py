"""Whatever happens to a model file, it is refused in a sentence: truncated, flipped, foreign, hostile."""

from __future__ import annotations

import json
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from bscnet import runtime
from bscnet.errors import InputError
from fixtures.model_files import READING, ModelParts, random_program


def small(version: int = 2) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """A description and tensors of a pointwise classifier on a packed convolution."""
    description = {
        **random_program(0, num_classes=2, version=version).description, "levels": 1,
        "values": [["real", 0, 3], ["bits", 0, 3], ["real", 0, 4], ["real", 0, 2]],
        "instructions": [
            {"op": "binarize", "in": [0], "bits": 1},
            {"op": "conv", "geometry": "submanifold", "operand": "bits", "in": 1, "out": 2, "bits": -1,
             "shifts": [[0, 0, 0], [1, 0, -1]], "steps": [["prelu"]]},
            {"op": "conv", "geometry": "pointwise", "operand": "real", "in": 2, "out": 3, "bits": -1, "steps": []},
        ],
        "output": 3,
    }  # fmt: skip
    rng = np.random.default_rng(0)
    tensors = {
        "0.rows": np.zeros((1, 3), np.float32),  # threshold
        "0.flip": np.zeros(1, np.uint8),
        "1.weight": rng.integers(0, 8, size=(27, 4, 1), dtype=np.uint8),
        "1.rows": np.array([[1] * 4, [0.25] * 4], np.float32),  # scale, slope
        "2.weight": rng.normal(size=(1, 4, 2)).astype(np.float32),
    }
    return description, tensors


def file_bytes(description: dict[str, Any], tensors: dict[str, np.ndarray], version: int = 2) -> bytes:
    """The file, with a right checksum."""
    return ModelParts(description, tensors, version).to_bytes()


CONTENT = file_bytes(*small())
CONTENT_1 = file_bytes(*small(1), version=1)


def refused(content: bytes) -> str:
    with pytest.raises(InputError) as told:
        runtime.loads(content)
    sentence = str(told.value)
    assert len(sentence) > 15 and "\n" not in sentence
    return sentence


def test_the_whole_file_is_sound() -> None:
    site, feats = np.zeros((1, 3), int), np.ones((1, 3))
    assert runtime.loads(CONTENT)(site, feats).shape == (1, 2)
    np.testing.assert_array_equal(runtime.loads(CONTENT_1)(site, feats), runtime.loads(CONTENT)(site, feats))


@pytest.mark.parametrize("content", [CONTENT, CONTENT_1], ids=["version 2", "version 1"])
def test_every_truncation_is_refused(content: bytes) -> None:
    for length in range(len(content)):
        refused(content[:length])


@pytest.mark.parametrize("content", [CONTENT, CONTENT_1], ids=["version 2", "version 1"])
def test_every_flipped_bit_is_refused(content: bytes) -> None:
    """The checksum covers description and data; what it does not cover has one way to be written."""
    accepted = []
    for place in range(len(content)):
        for bit in range(8):
            flipped = bytearray(content)
            flipped[place] ^= 1 << bit
            try:
                runtime.loads(bytes(flipped))
            except InputError:
                continue
            accepted.append((place, bit))
    # 8 bytes of length and the JSON header come before the data
    assert not accepted, [(content[max(0, place - 20) : place + 20], bit) for place, bit in accepted[:5]]


def test_bytes_added_or_exchanged_are_refused() -> None:
    refused(CONTENT + b"\0")
    refused(CONTENT + CONTENT)
    half = len(CONTENT) // 2
    refused(CONTENT[half:] + CONTENT[:half])
    refused(bytes(len(CONTENT)))
    rng = np.random.default_rng(0)
    for length in (0, 1, 7, 8, 9, 100, 4096):
        refused(rng.bytes(length))


@pytest.mark.parametrize("length", [0, 1, 2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 1])
def test_hostile_header_lengths_are_refused(length: int) -> None:
    refused(struct.pack("<Q", length) + CONTENT[8:])


def test_foreign_safetensors_are_told_apart() -> None:
    assert "bscnet" in refused(save({"weight": np.zeros(3, np.float32)}))
    assert "bscnet" in refused(save({"weight": np.zeros(3, np.float32)}, {"format": "pt"}))


def test_wrong_tensors_are_refused() -> None:
    description, tensors = small()
    for name, tensor in tensors.items():
        refused(file_bytes(description, {key: value for key, value in tensors.items() if key != name}))
        refused(file_bytes(description, {**tensors, name: tensor[..., :0]}))
        refused(file_bytes(description, {**tensors, name: np.concatenate([tensor, tensor])}))
        refused(file_bytes(description, {**tensors, name: tensor.astype(np.int64)}))
        if tensor.dtype == np.float32:
            for odd in (np.nan, np.inf):
                if name != "0.rows" or np.isnan(odd):
                    refused(file_bytes(description, {**tensors, name: np.full_like(tensor, odd)}))
    refused(file_bytes(description, {**tensors, "9.weight": np.zeros(2, np.float32)}))
    refused(file_bytes(description, {**tensors, "0.flip": np.array([0x80], np.uint8)}))  # a pad bit


@pytest.mark.parametrize(
    "changed",
    [
        {"version": 1}, {"version": 3}, {"levels": 0}, {"levels": 13}, {"levels": 10**30},
        {"in_channels": 0}, {"in_channels": 2**31},
        {"num_classes": 1}, {"num_classes": 3}, {"output": 0}, {"output": 99}, {"output": -1}, {"values": []},
        {"values": [["real", 0, 3]] * 9000},
        {"values": [["real", 0, 3], ["bits", 0, 3], ["real", 5, 4], ["real", 0, 2]]},
        {"values": [["real", 0, 3], ["bits", 0, 4], ["real", 0, 4], ["real", 0, 2]]},
        {"values": [["real", 0, 3], ["real", 0, 3], ["real", 0, 4], ["real", 0, 2]]},
        {"values": [["real", 0, 3], ["bits", 0, 3], ["real", 0, -4], ["real", 0, 2]]},
        {"instructions": []}, {"instructions": None}, {"instructions": [{"op": "jump"}]},
        {"class_names": ["one"]}, {"class_names": "ab"}, {"class_names": None}, {"class_names": [1, 2]},
        {"voxel_size": 0}, {"voxel_size": -1}, {"voxel_size": "5 cm"}, {"features": {"kind": "xyz"}}, {"name": 7},
        {"features": {"kind": "cloud", "names": ["rgb"], "scale": 0, "offset": 0}},
        {"features": {"kind": "rgb", "scale": 1, "offset": 0}}, {"radius": -1}, {"radius": 10**6 + 1}, {"radius": None},
        {"reading": None}, {"reading": {}}, {"reading": {**READING, "labels": [4]}},
        {"reading": {**READING, "labels": [4, 4]}}, {"reading": {**READING, "labels": [0, 2**53]}},
        {"reading": {**READING, "units": "inch"}}, {"reading": {**READING, "scale": {"i": [1, 1]}}},
        {"reading": {**READING, "colors": 255}}, {"reading": {**READING, "more": 1}},
    ],
    ids=lambda changed: json.dumps(changed)[-40:],
)  # fmt: skip
def test_hostile_descriptions_with_a_right_checksum_are_refused(changed: dict[str, Any]) -> None:
    description, tensors = small()
    refused(file_bytes({**description, **changed}, tensors))


@pytest.mark.parametrize(
    "changed",
    [
        {"version": 2}, {"radius": 3}, {"reading": READING}, {"features": {"kind": "rgb", "scale": 0, "offset": 0}},
        {"features": {"kind": "cloud", "names": ["rgb"], "scale": 1, "offset": 0}},
        {"features": {"kind": "cloud", "names": ["rgb"], "scale": 1, "offset": 0, "ranges": {"i": [0, 1]}}},
    ],
    ids=lambda changed: json.dumps(changed)[-40:],
)  # fmt: skip
def test_what_version_1_does_not_have_is_refused_there(changed: dict[str, Any]) -> None:
    description, tensors = small(1)
    refused(file_bytes({**description, **changed}, tensors, version=1))


@pytest.mark.parametrize("place, key, value", [
    (0, "in", [3]), (0, "in", [0, 0]), (0, "in", []), (0, "in", [1]), (0, "bits", 0), (0, "bits", -1),
    (1, "in", 0), (1, "in", 2), (1, "in", 3), (1, "in", 10**12), (1, "out", 0), (1, "out", -1), (1, "out", 1),
    (1, "geometry", "strided"), (1, "geometry", "transposed"), (1, "geometry", "pointwise"), (1, "geometry", "dense"),
    (1, "operand", "real"), (1, "shifts", []), (1, "shifts", [[0, 0, 2]]), (1, "shifts", [[0, 0]]),
    (1, "shifts", [[0, 0, 0]] * 5), (1, "steps", [["add", 3]]), (1, "steps", [["add", 1]]), (1, "steps", [["add"]]),
    (1, "steps", [["melt"]]), (1, "steps", [["prelu"]] * 2), (2, "operand", "bits"), (2, "in", 1), (2, "out", 2),
])  # fmt: skip
def test_hostile_instructions_with_a_right_checksum_are_refused(place: int, key: str, value: Any) -> None:
    description, tensors = small()
    description["instructions"][place][key] = value
    refused(file_bytes(description, tensors))


def test_deep_and_odd_json_is_refused() -> None:
    _, tensors = small()
    plain = save(tensors)
    buffer = plain[8 + int.from_bytes(plain[:8], "little") :]
    odd = ["", "{", "[]", "null", "[" * 100_000, '{"a":' * 50_000, '"\\ud800"', "{}" * 3, '{"version":2,"version":2}']
    for text in odd:
        checksum = f"{zlib.crc32(text.encode() + buffer):08x}"
        metadata = {"format": "bscnet", "version": "2", "checksum": checksum, "description": text}
        refused(save(tensors, metadata))


def test_files_that_are_none(tmp_path: Path) -> None:
    empty, link = tmp_path / "empty.safetensors", tmp_path / "loop.safetensors"
    empty.touch()
    link.symlink_to(link)
    pipe = tmp_path / "pipe.safetensors"
    os.mkfifo(pipe)
    for path in (tmp_path / "missing.safetensors", tmp_path, empty, link, pipe, tmp_path / "nul\0.safetensors"):
        with pytest.raises(InputError) as told:
            runtime.load(path)
        assert path.name.split("\0")[0] in str(told.value)


def test_a_name_in_any_alphabet_loads(tmp_path: Path) -> None:
    for name in ("räume 室.safetensors", os.fsdecode(b"\xff.safetensors"), "model"):
        path = tmp_path / name
        path.write_bytes(CONTENT)
        assert runtime.load(path).num_classes == 2
        assert runtime.load(str(path)).num_classes == 2
