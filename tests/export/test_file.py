"""The model file: metadata, checksum, sizes, and that a failed write costs nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from bscnet.errors import InputError
from bscnet.export.file import model_bytes, tensors, write_checked
from bscnet.export.network import compile_network
from fixtures.packed_networks import facts, network, write_model
from oracles.packed_program import ModelFile


def test_metadata_and_checksum(tmp_path: Path) -> None:
    net = network("unet", conv="shifted", precision="a1w1")
    file = ModelFile(write_model(tmp_path / "m.safetensors", net))
    assert {key: file.metadata[key] for key in ("format", "version")} == {"format": "bscnet", "version": "2"}
    assert file.metadata["checksum"] == file.checksum
    described = file.description
    facts = [described[name] for name in ("version", "in_channels", "num_classes", "levels")]
    assert facts == [2, 3, 5, 3]
    assert described["values"][0] == ["real", 0, 3] and described["values"][described["output"]] == ["real", 0, 5]
    assert described["shift_plan"]["levels.encoder.0.0.conv"] == [[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]
    with safe_open(tmp_path / "m.safetensors", framework="numpy") as opened:
        assert set(opened.keys()) <= set(file.tensors)


def test_the_file_states_the_radius(tmp_path: Path) -> None:
    """Windows of one voxel five times, of cells twice as wide two times, and the sibling that a coarse cell covers."""
    net = network("unet", depth=1, precision="a32w32", conv="plain")
    described = ModelFile(write_model(tmp_path / "m.safetensors", net)).description
    windows = [one["in"] for one in described["instructions"] if one.get("geometry") == "submanifold"]
    assert sorted(described["values"][value][1] for value in windows) == [0] * 5 + [1] * 2
    assert described["radius"] == 5 * 1 + 2 * 2 + 1


def test_a_changed_byte_changes_the_checksum(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.safetensors", network("unet"))
    content = bytearray(path.read_bytes())
    content[-5] ^= 4
    path.write_bytes(content)
    file = ModelFile(path)
    assert file.metadata["checksum"] != file.checksum


def test_the_same_network_gives_the_same_bytes() -> None:
    net = network("fcn")
    assert model_bytes(compile_network(net), facts(net)) == model_bytes(compile_network(net), facts(net))


@pytest.mark.parametrize("half", [False, True])
def test_half_stores_real_weights_and_nothing_else_as_float16(half: bool) -> None:
    found = tensors(compile_network(network("unet"), half))
    types = {name.split(".")[-1]: set() for name in found}
    for name, tensor in found.items():
        types[name.split(".")[-1]].add(tensor.dtype.name)
    assert types.pop("weight") == {"uint8", "float16" if half else "float32"}
    assert types.pop("flip") == {"uint8"}
    assert set(map(frozenset, types.values())) == {frozenset({"float32"})}


def test_half_refuses_weights_beyond_its_range() -> None:
    net = network("unet")
    net.stem.weight.data[0, 0, 0] = 1e5
    compile_network(net)
    with pytest.raises(InputError, match="stem has weights beyond float16's range"):
        compile_network(net, half=True)


def test_file_of_the_large_network_is_a_small_fraction_of_its_weights() -> None:
    net = network("unet", 32, 2, 6, classes=20, conv="shifted")
    weights = sum(parameter.numel() for parameter in net.parameters())
    assert weights == 30_346_004
    assert 4 * weights / len(model_bytes(compile_network(net, half=True), facts(net, half=True))) > 27.5
    assert 4 * weights / len(model_bytes(compile_network(net), facts(net))) > 25


def test_sign_of_a_zero_weight_is_plus_one() -> None:
    net = network("unet")
    conv = net.levels.encoder[0][0].conv
    with torch.no_grad():
        conv.weight.fill_(-1.0)
        conv.weight[:, :, 0] = 0.0
        conv.weight[:, :, 1] = -0.0
    packed = tensors(compile_network(net))["1.weight"]
    assert (packed[:, :2] == 255).all() and (packed[:, 2:] == 0).all()


def refuse(path: Path) -> None:
    assert path.read_bytes() == b"new"
    raise InputError("it does not agree")


def test_a_refused_file_leaves_the_old_one_and_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    with pytest.raises(InputError, match="does not agree"):
        write_checked(path, b"new", refuse)
    assert list(tmp_path.iterdir()) == []
    path.write_bytes(b"old")
    with pytest.raises(InputError, match="does not agree"):
        write_checked(path, b"new", refuse)
    assert path.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1
    write_checked(path, b"new", lambda draft: None)
    assert path.read_bytes() == b"new" and len(list(tmp_path.iterdir())) == 1
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing/m\.safetensors cannot be written: No such file"):
        write_checked(tmp_path / "missing" / "m.safetensors", b"new", lambda draft: None)
    with pytest.raises(InputError, match="is a folder"):
        write_checked(tmp_path, b"new", lambda draft: None)


def test_description_is_compact_json(tmp_path: Path) -> None:
    file = ModelFile(write_model(tmp_path / "m.safetensors", network("fcn", precision="a32w32")))
    assert file.metadata["description"] == json.dumps(file.description, separators=(",", ":"))
    assert all(np.isfinite(tensor).all() for name, tensor in file.tensors.items() if not name.endswith("threshold"))
