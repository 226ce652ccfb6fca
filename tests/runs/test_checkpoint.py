from __future__ import annotations

import math
import pickle
import resource
from pathlib import Path
from typing import Any

import pytest
import torch

from bscnet.errors import InputError
from bscnet.runs.checkpoint import network_state, read_checkpoint, require_same
from bscnet.training.checkpoint_io import AtomicCheckpointIO
from bscnet.training.stage_checkpoint import is_better


def test_reading_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    path = tmp_path / "some.ckpt"
    with pytest.raises(InputError, match=r"no checkpoint at .*some\.ckpt"):
        read_checkpoint(path)
    path.write_bytes(b"")
    with pytest.raises(InputError, match=r"some\.ckpt cannot be read: it is truncated or not a checkpoint"):
        read_checkpoint(path)
    path.write_text("hello")
    with pytest.raises(InputError, match=r"some\.ckpt cannot be read"):
        read_checkpoint(path)
    torch.save({"state_dict": {}}, path)
    with pytest.raises(InputError, match=r"some\.ckpt is not a checkpoint of bscnet"):
        read_checkpoint(path)
    torch.save(torch.zeros(2), path)
    with pytest.raises(InputError, match=r"some\.ckpt is not a checkpoint of bscnet"):
        read_checkpoint(path)


class _Bomb:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("exploded"),))


def test_reading_a_file_runs_none_of_its_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": {}, "bscnet": _Bomb()}, "bomb.ckpt")
    with pytest.raises(InputError, match=r"bomb\.ckpt cannot be read"):
        read_checkpoint("bomb.ckpt")
    assert not Path("exploded").exists()


def test_the_network_is_what_has_its_prefix() -> None:
    state = {"network.stem.weight": torch.ones(1), "other.weight": torch.zeros(1)}
    assert list(network_state({"state_dict": state})) == ["stem.weight"]


def test_metadata_is_compared_where_both_sides_speak() -> None:
    require_same("a.ckpt", {"model": "fcn_s", "old": 1}, {"model": "fcn_s", "new": 2})
    require_same("a.ckpt", {"names": ["a", "b"]}, {"names": ("a", "b")})
    with pytest.raises(InputError, match=r"a\.ckpt .* it has model='fcn_s', this run needs model='unet_s'"):
        require_same("a.ckpt", {"model": "fcn_s"}, {"model": "unet_s"})


def test_a_write_that_fails_leaves_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "last.ckpt"
    io = AtomicCheckpointIO()
    io.save_checkpoint({"x": torch.arange(3)}, path)
    with pytest.raises((pickle.PicklingError, AttributeError)):
        io.save_checkpoint({"x": torch.arange(1000), "bad": lambda: None}, path)
    assert torch.load(path, weights_only=True)["x"].tolist() == [0, 1, 2]
    assert [p.name for p in path.parent.iterdir()] == ["last.ckpt"]


def test_ctrl_c_within_a_write_leaves_the_older_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "last.ckpt"
    io = AtomicCheckpointIO()
    io.save_checkpoint({"x": 1}, path)
    before = path.read_bytes()

    def half(checkpoint: Any, file: Any) -> None:
        file.write(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(KeyboardInterrupt):
        io.save_checkpoint({"x": 2}, path)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_a_full_disk_is_told_and_leaves_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    io = AtomicCheckpointIO()
    io.save_checkpoint({"x": 1}, path)
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(InputError, match=r"last\.ckpt: cannot be written \("):
            io.save_checkpoint({"x": torch.zeros(100_000)}, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_nan_never_beats_a_number() -> None:
    assert is_better(0.2, 0.1)
    assert is_better(0.0, math.nan)
    assert not is_better(0.1, 0.1)
    assert not is_better(math.nan, 0.1)
    assert not is_better(math.nan, math.nan)
