"""A checkpoint that would run code is refused by the name of what it would call, and runs nothing."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from bscnet.errors import InputError
from bscnet.runs.checkpoint import read_checkpoint
from bscnet.runs.pickled import foreign_call


class _Touches:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.path),)


def _saved(kind: str, value: Any, path: Path) -> None:
    if kind.startswith("pickle"):
        path.write_bytes(pickle.dumps(value, protocol=int(kind[-1])))
    else:
        torch.save(value, path, _use_new_zipfile_serialization=kind == "zip")


KINDS = ("zip", "legacy", "pickle 0", "pickle 2", "pickle 4", "pickle 5")


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("kind", KINDS)
def test_what_it_would_call_is_named_and_not_called(kind: str, tmp_path: Path) -> None:
    path, made = tmp_path / "x.ckpt", tmp_path / "made"
    _saved(kind, {"state_dict": {}, "bscnet": _Touches(made)}, path)
    with pytest.raises(InputError, match=r"x\.ckpt cannot be read: it asks for posix\.mkdir, and only weights"):
        read_checkpoint(path)
    assert not made.exists()


def test_a_whole_module_is_named(tmp_path: Path) -> None:
    torch.save({"state_dict": {}, "bscnet": torch.nn.Linear(2, 2)}, tmp_path / "x.ckpt")
    with pytest.raises(InputError, match="it asks for torch.nn.modules.linear.Linear"):
        read_checkpoint(tmp_path / "x.ckpt")


@pytest.mark.parametrize("kind", ("zip", "legacy"))
def test_weights_and_plain_values_call_nothing_foreign(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "x.ckpt"
    _saved(kind, {"state_dict": {"w": torch.zeros(3)}, "bscnet": {"names": ["a"], "size": 0.05}}, path)
    assert foreign_call(path) is None
    whole = path.read_bytes()
    for end in (0, 1, 50, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:end])
        assert foreign_call(path) is None
        with pytest.raises(InputError, match="truncated or not a checkpoint"):
            read_checkpoint(path)


def test_other_files_call_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.ckpt"
    for content in (b"", b"hello\n" * 20, bytes(range(256)), b"c(((\nos\n."):
        path.write_bytes(content)
        assert foreign_call(path) is None
    assert foreign_call(tmp_path) is None
