"""Hashes of source files follow what is in them, and no scan is kept under the hash of other files."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from bscnet.data.cache import ArrayCache
from bscnet.data.fingerprint import FileHasher
from bscnet.data.scan import Scan
from bscnet.data.source import ScanStore
from bscnet.datasets.scannet import ScanNet
from bscnet.errors import InputError
from fixtures.scannet_files import write_root


def test_a_file_is_read_once_while_it_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, hasher = tmp_path / "file", FileHasher()
    path.write_bytes(b"first")
    assert hasher.of_file(path) == hashlib.sha256(b"first").hexdigest()
    with monkeypatch.context() as patch:
        patch.setattr(hashlib, "file_digest", None)
        assert hasher.of_file(path) == hashlib.sha256(b"first").hexdigest()
    path.write_bytes(b"longer")
    assert hasher.of_file(path) == hashlib.sha256(b"longer").hexdigest()


def test_a_file_copied_over_with_its_times_is_read_again(tmp_path: Path) -> None:
    path, other, hasher = tmp_path / "file", tmp_path / "other", FileHasher()
    for file, content in ((path, b"first"), (other, b"other")):
        file.write_bytes(content)
        os.utime(file, ns=(10**18, 10**18))
    hasher.of_file(path)
    shutil.copy2(other, path)
    assert path.stat().st_mtime_ns == 10**18
    assert hasher.of_file(path) == hashlib.sha256(b"other").hexdigest()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="file: the file cannot be read"):
        FileHasher().of_file(tmp_path / "file")


def test_a_scan_whose_file_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    class Overtaken(ScanNet):
        def read(self, scene: str, labelled: bool = True) -> Scan:
            scan = super().read(scene, labelled)
            with self.files(scene)[1].open("ab") as stream:
                stream.write(b"x")
            return scan

    root = write_root(tmp_path / "scans", train=1, val=1)
    (scene,) = ScanNet(root).scenes("train")
    cache = tmp_path / "cache"
    with pytest.raises(InputError, match=f"{scene}.*: this file or one beside it changed while it was read"):
        ScanStore(Overtaken(root), ArrayCache(cache)).scan(scene)
    assert not list(cache.glob("*/*"))
