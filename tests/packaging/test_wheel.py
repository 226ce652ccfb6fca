"""The source archive builds with a C++ compiler, and its wheel runs models with numpy and safetensors alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from bscnet import __version__, runtime
from bscnet.cli import COMMANDS, RUN
from bscnet.engine_file import engine_file
from fixtures.clouds import room, write_ply
from fixtures.environments import ended, environment
from fixtures.model_files import write_model
from fixtures.scannet_files import write_root
from fixtures.site_sets import site_set

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("src", "csrc", "conf", "setup.py", "setup.cfg", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE",
          "CHANGELOG.md", "constraints.txt")  # fmt: skip
LEFT_BEHIND = shutil.ignore_patterns("*.so", "*.egg-info", "__pycache__", "build", "*.o", "*.a")
NO_INDEX = ("Could not find a version", "ConnectionError", "NewConnectionError", "Temporary failure in name resolution",
            "Connection to", "Read timed out", "ProxyError")  # fmt: skip

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

pytestmark = pytest.mark.slow


class Installed(NamedTuple):
    """A wheel with one of its extras: the interpreter, and a folder to work in."""

    extra: str
    python: Path
    folder: Path


def said(*command: object, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    settings = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | environment
    return subprocess.run(
        [str(word) for word in command], cwd=folder, env=settings, capture_output=True, text=True, check=False
    )


def copied(folder: Path) -> Path:
    for name in NEEDED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=LEFT_BEHIND)
        else:
            folder.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source archive of a clean copy of the project."""
    project = copied(tmp_path_factory.mktemp("project") / "bscnet")
    done = said(sys.executable, "setup.py", "-q", "sdist", folder=project)
    assert done.returncode == 0, done.stderr
    (made,) = (project / "dist").iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel built from the source archive, as pip builds it.

    Without optimization: no bit of a result depends on it, and compiling takes half of the time.
    """
    folder = tmp_path_factory.mktemp("wheel")
    options = ("--no-deps", "--no-build-isolation", "--no-index", "-w", folder)
    command = (sys.executable, "-m", "pip", "wheel", "-q", *options, archive)
    done = said(*command, folder=folder, CMAKE_ARGS="-DCMAKE_CXX_FLAGS_RELEASE=-O0")
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = folder.glob("bscnet-*.whl")
    return made


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment with the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("bare")
    assert said(sys.executable, "-m", "venv", "venv", folder=folder).returncode == 0
    python = folder / "venv" / "bin" / "python"
    pins = ("-c", ROOT / "constraints.txt")
    done = said(python, "-m", "pip", "install", "-q", "--retries", "1", *pins, wheel, folder=folder)
    if done.returncode != 0 and any(sign in done.stderr for sign in NO_INDEX):
        pytest.skip("pip cannot reach its index, so numpy and safetensors cannot be installed in a fresh environment")
    assert done.returncode == 0, done.stderr
    return python


def test_source_archive_holds_every_file_of_the_engine(archive: Path) -> None:
    with tarfile.open(archive) as files:
        names = {name.split("/", 1)[1] for name in files.getnames() if "/" in name}
    sources = {str(path.relative_to(ROOT)) for path in (ROOT / "csrc").rglob("*") if path.is_file()}
    assert len(sources) > 100 and sources <= names
    assert {"setup.py", "setup.cfg", "pyproject.toml", "LICENSE"} <= names
    assert not [name for name in names if name.endswith((".so", ".o", ".pyc"))]


def test_wheel_holds_the_engine_and_the_configuration(wheel: Path) -> None:
    assert wheel.name.startswith(f"bscnet-{__version__}-py3-none-linux_")
    names = zipfile.ZipFile(wheel).namelist()
    assert [name for name in names if name.endswith(".so")] == [f"bscnet/{engine_file()}"]
    assert "bscnet/conf/config.yaml" in names and "bscnet/py.typed" in names
    shipped = {path.name for path in (ROOT / "src" / "bscnet" / "weights").iterdir()}
    assert {name for name in names if name.startswith("bscnet/weights/")} == {
        f"bscnet/weights/{name}" for name in shipped
    }
    assert {"indoor-5cm.safetensors", "indoor-5cm.json"} <= shipped
    assert not [name for name in names if name.endswith((".cpp", ".h"))]


@pytest.fixture(scope="module")
def unpacked_wheel(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's files in a folder of their own."""
    target = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def files_in(folder: Path, *suffixes: str) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.suffix in suffixes}


def test_wheel_carries_every_module_and_config(unpacked_wheel: Path) -> None:
    assert files_in(unpacked_wheel / "bscnet" / "conf", ".yaml") == files_in(ROOT / "conf", ".yaml")
    for package in ("bscnet", "hydra_plugins"):
        code = files_in(ROOT / "src" / package, ".py", ".tsv", ".csv", ".json", ".typed", ".txt", ".ttf")
        assert code, package
        assert code <= files_in(unpacked_wheel / package, ".py", ".tsv", ".csv", ".json", ".typed", ".txt", ".ttf")


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


def test_fresh_environment_runs_models(bare: Path, tmp_path: Path) -> None:
    listed = said(bare, "-m", "pip", "list", "--format=json", folder=tmp_path).stdout
    assert {entry["name"].lower() for entry in json.loads(listed)} <= {
        "bscnet", "numpy", "safetensors", "pip", "setuptools", "wheel", "packaging",
    }  # fmt: skip
    path = write_model(tmp_path / "model.safetensors", 11, max_channels=33)
    sites = site_set("random", 1, 50)
    feats = np.random.default_rng(0).normal(size=(len(sites), 3)).astype(np.float32)
    np.savez(tmp_path / "arrays.npz", sites=sites, feats=feats)
    code = (
        "import numpy as np; from bscnet import runtime; a = np.load('arrays.npz'); "
        "np.save('logits.npy', runtime.load('model.safetensors')(a['sites'], a['feats'])); print(runtime.__file__)"
    )
    done = said(bare, "-c", code, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(bare.parents[1])
    np.testing.assert_array_equal(np.load(tmp_path / "logits.npy"), runtime.load(path)(sites, feats))


def test_fresh_environment_predicts(bare: Path, tmp_path: Path) -> None:
    command = bare.with_name("bscnet")
    assert said(command, "--version", folder=tmp_path).stdout.strip() == f"bscnet {__version__}"
    write_model(tmp_path / "model.safetensors", 11)
    write_ply(tmp_path / "scan.ply", room(500))
    words = (command, "predict", "model.safetensors", "scan.ply", "-o", "out.ply")
    done = said(*words, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "500 labelled points" in done.stdout and (tmp_path / "out.ply").is_file()
    done = said(*words, "--render", "view.png", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "error: --render view.png needs Pillow: pip install 'bscnet[predict]'\n"


def test_fresh_environment_predicts_by_what_ships(bare: Path, tmp_path: Path) -> None:
    write_ply(tmp_path / "scan.ply", room(500))
    done = said(bare.with_name("bscnet"), "predict", "scan.ply", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (
        "scan-labelled.ply: 500 labelled points" in done.stdout and "indoor-5cm was trained on simulated" in done.stderr
    )
    code = "import bscnet; model = bscnet.load('indoor-5cm'); print(model.session.voxel_size, len(model.class_names))"
    done = said(bare, "-c", code, folder=tmp_path)
    assert done.stdout.split() == ["0.05", "20"], done.stderr


@pytest.fixture(scope="module", params=["", "predict", "train"])
def installed(request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel with one of its extras, a scan, and data in ScanNet's layout, away from the checkout."""
    folder = tmp_path_factory.mktemp(request.param or "base") / "it's [a] (place), = #ü"
    folder.mkdir()
    write_ply(folder / "scan.ply", room(500))
    write_root(folder / "data", train=2, val=1)
    return Installed(request.param, environment(folder / "venv", wheel, request.param), folder)


TINY = ("model=fcn_s", "method=real", "data=scannet", "data.root=data", "data.voxel_size=0.2", "recipe=quick",
        "recipe.epochs=1", "backend=native", "output_dir=runs", "threads=1", "picture=false")  # fmt: skip
WORKS_IN = {
    ("--version",): "",
    ("predict", "scan.ply", "-o", "labelled.ply", "--page", "page.html"): "",
    ("predict", "scan.ply", "-o", "labelled.las"): "predict",
    ("show", "labelled.ply", "-o", "views"): "predict",
    ("simulate", "sim", "--scenes", "2", "--quick", "--voxel-length", "0.1", "--workers", "1", "--quiet"): "train",
    ("completion",): "predict",
    ("run", "stage=all", *TINY): "train",
    ("evaluate", "RUN", "-o", "scores.json"): "train",
    ("export", "RUN", "-o", "own.safetensors"): "train",
    ("profile", "model=fcn_s", "data=scannet", "data.root=data", "data.voxel_size=0.2"): "train",
    ("probe", "RUN"): "train",
    ("study", "rooms", "--no-run"): "train",
    ("doctor", "--only", "data", "data=scannet", "data.root=data"): "train",
    ("dashboard", "me", "--print"): "dashboard",
}
"""Words of a command, and the smallest extra with which it works; a later one takes what an earlier one has written."""


def test_every_command_works_or_names_the_extra(installed: Installed, tmp_path: Path) -> None:
    """In an odd folder of its own, with data that are told from there; a run knows elsewhere where its data were.

    A command is run with its own extra and refused by smaller ones; [train] asks for what [predict] brings, so that
    whatever works there is not run again.
    """
    extras = ["", "predict", "train"]
    assert {words[0] for words in WORKS_IN} >= {command.name for command in (*COMMANDS, RUN)}
    for words, extra in WORKS_IN.items():
        if installed.extra == "train" and extra in extras[:2]:
            continue
        run = next(installed.folder.glob("runs/*/001"), "RUN")
        given = [run if word == "RUN" else word for word in words]
        folder = tmp_path if words[0] == "evaluate" else installed.folder
        done = ended(installed.python, *given, folder=folder)
        told = f"{installed.extra or 'base'}: {words}: {done.stdout[-400:]}{done.stderr[-800:]}"
        assert "Traceback" not in done.stderr, told
        if extra in extras[: extras.index(installed.extra) + 1]:
            assert done.returncode == 0, told
        else:
            assert done.returncode == 2 and done.stderr.count("\n") == 1, told
            assert done.stderr.endswith(f"pip install 'bscnet[{extra}]'\n"), told


def test_doctor_knows_what_was_installed(installed: Installed) -> None:
    done = ended(installed.python, "doctor", "--json", "--only", "engine", folder=installed.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    if installed.extra == "train":
        return  # its checks are those of a checkout, and tested there
    done = ended(installed.python, "doctor", folder=installed.folder)
    assert done.returncode == 0 and "make " not in done.stdout, done.stdout + done.stderr
    assert installed.extra != "predict" or "pip install 'bscnet[pcd]'" in done.stdout  # for compressed PCD
    assert done.stdout.endswith("predict: works\ntrain: not installed: pip install 'bscnet[train]'\n")


@pytest.mark.parametrize("compiler", ["no-such-compiler", "false"])
def test_missing_compiler_is_one_sentence(compiler: str, tmp_path: Path) -> None:
    project = copied(tmp_path / "bscnet")
    done = said(sys.executable, "setup.py", "-q", "build_ext", "--inplace", folder=project, CXX=compiler, CC=compiler)
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert f"CMake cannot prepare that with the compiler '{compiler}', the reason stands above" in last
    assert "build-essential" in last
    assert "Traceback" not in done.stderr
    assert not [left for left in (project / "build" / "csrc").iterdir() if left.is_dir()]


def test_a_module_that_is_gone_leaves_the_build(tmp_path: Path) -> None:
    project = copied(tmp_path / "bscnet")
    gone = project / "src" / "bscnet" / "gone.py"
    for built in (["gone.py"], []):
        gone.touch() if built else gone.unlink()
        done = said(sys.executable, "setup.py", "-q", "build_py", folder=project)
        assert done.returncode == 0, done.stderr
        assert [path.name for path in project.glob("build/lib*/bscnet/gone.py")] == built
    assert list(project.glob("build/lib*/bscnet/conf/config.yaml"))


def test_missing_engine_is_one_sentence(tmp_path: Path) -> None:
    project = copied(tmp_path / "bscnet")
    code = "from bscnet import runtime; runtime.load('model.safetensors')"
    done = said(sys.executable, "-c", code, folder=tmp_path, PYTHONPATH=str(project / "src"))
    assert "InputError: the compiled engine is missing from" in done.stderr.splitlines()[-1]
    (project / "src" / "bscnet" / engine_file()).write_bytes(b"no library")
    done = said(sys.executable, "-c", code, folder=tmp_path, PYTHONPATH=str(project / "src"))
    last = done.stderr.splitlines()[-1]
    assert "cannot be used" in last and last.endswith("pip install --force-reinstall bscnet")
