"""A chain's record names the commit that ran, and says where what ran was changed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bscnet.chain import chain


def test_tables_that_are_written_change_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "config_dir", lambda: str(tmp_path / "conf"))
    assert chain.checkout_commit() is None
    files = [tmp_path / name for name in ("conf/a.yaml", "benchmarks/study/a.json", "benchmarks/study/a.py")]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("a")
    own = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    for words in (["init", "-q"], ["add", "."], [*own, "commit", "-q", "-m", "a"]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    commit = chain.checkout_commit()
    assert commit is not None and len(commit) == 40
    for file, dirty in zip(files, (True, False, True), strict=True):
        file.write_text("b")
        assert chain.checkout_commit() == (f"{commit}-dirty" if dirty else commit)
        file.write_text("a")
