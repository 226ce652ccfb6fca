"""The configuration folder is found from a checkout and from a wheel, which carries all it needs; the cache folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from bscnet import paths
from bscnet.datasets.real.files import default_folder
from bscnet.errors import InputError

ROOT = Path(__file__).resolve().parents[1]
COMPOSE = """
from hydra import compose, initialize_config_dir
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from bscnet.paths import config_dir
import bscnet, bscnet.datasets.scannet.classes
with initialize_config_dir(config_dir(), version_base=None):
    cfg = compose("config", overrides=["model=unet_h", "recipe=quick"])
print(config_dir())
print(bscnet.__file__)
print(cfg.model.name)
print([plugin.__module__ for plugin in Plugins.instance().discover(Sweeper)])
"""


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


@pytest.fixture(scope="module")
def unpacked_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from what is in the checkout, unpacked; the checkout itself is left as it is."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in (
        "src",
        "conf",
        "csrc",
        "setup.cfg",
        "setup.py",
        "pyproject.toml",
        "MANIFEST.in",
        "LICENSE",
        "README.md",
    ):
        if (ROOT / name).exists():
            subprocess.run(["cp", "-r", str(ROOT / name), str(source)], check=True)
    options = ["--no-deps", "--no-build-isolation", "--no-index", "-q", "-w", str(folder)]
    command = [sys.executable, "-m", "pip", "wheel", *options, str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("bscnet-*.whl")
    target = folder / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def files_in(folder: Path, *suffixes: str) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.suffix in suffixes}


def test_wheel_carries_every_module_and_config(unpacked_wheel: Path) -> None:
    assert files_in(unpacked_wheel / "bscnet" / "conf", ".yaml") == files_in(ROOT / "conf", ".yaml")
    for package in ("bscnet", "hydra_plugins"):
        code = files_in(ROOT / "src" / package, ".py", ".tsv", ".csv", ".json", ".typed", ".txt")
        assert code, package
        assert code <= files_in(unpacked_wheel / package, ".py", ".tsv", ".csv", ".json", ".typed", ".txt")


def test_wheel_composes_with_its_own_files_alone(unpacked_wheel: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(unpacked_wheel)}
    done = subprocess.run(
        [sys.executable, "-c", COMPOSE], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    conf, module, model, sweepers = done.stdout.splitlines()
    assert conf == str(unpacked_wheel / "bscnet" / "conf")
    assert Path(module).is_relative_to(unpacked_wheel)
    assert model == "unet_h"
    assert "hydra_plugins.bscnet" in sweepers
