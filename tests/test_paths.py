"""The configuration folder is found from a checkout, the cache folder is the user's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from bscnet import paths
from bscnet.datasets.real.files import default_folder
from bscnet.errors import InputError

ROOT = Path(__file__).resolve().parents[1]


def test_checkout_has_its_top_level_folder() -> None:
    assert paths.config_dir() == str(ROOT / "conf")


def test_missing_folder_is_an_input_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "__file__", str(tmp_path / "lib" / "bscnet" / "paths.py"))
    with pytest.raises(InputError, match="no configuration found"):
        paths.config_dir()


def test_the_cache_folder_is_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert paths.user_cache() == tmp_path / ".cache" / "bscnet"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert paths.user_cache() == tmp_path / ".cache" / "bscnet"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    assert paths.user_cache() == tmp_path / "elsewhere" / "bscnet"
    assert default_folder() == tmp_path / "elsewhere" / "bscnet" / "real_clouds"
