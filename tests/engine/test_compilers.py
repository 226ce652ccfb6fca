"""Another compiler builds the engine without a warning, and what it makes computes the same bits."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import bscnet
from bscnet.engine_file import engine_file
from bscnet.runtime import implementations

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(bscnet.__file__).parent
WORKERS = {
    "programs": [str(Path(__file__).with_name("digest_worker.py"))],
    "training": [str(ROOT / "tests" / "sparse" / "native" / "worker.py"), "1"],
}
COMPILERS = ("clang++", *(f"clang++-{version}" for version in range(22, 13, -1)))


@pytest.fixture(scope="module")
def other_package(engine_build: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a copy of the package, whose engine is clang's."""
    found = next(filter(shutil.which, COMPILERS), None)
    if found is None:
        pytest.skip("the engine cannot be built by a second compiler without clang (Debian: apt-get install clang)")
    folder = engine_build("bscnet", preset="clang", variables={"CXX": found})
    copy = tmp_path_factory.mktemp("other") / "bscnet"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("*.so", "__pycache__", "weights"))
    shutil.copy(folder / "libbscnet.so", copy / engine_file())
    return copy.parent


def digests(worker: str, level: str, package: Path) -> list[str]:
    """What a worker prints behind the name of its kernels."""
    paths = [str(package), str(ROOT / "tests")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "BSCNET_IMPLEMENTATION": level}
    code = "import runpy, sys; from bscnet import compiled; sys.argv = sys.argv[1:]; print(compiled.__file__); "
    code += "runpy.run_path(sys.argv[0], run_name='__main__')"
    command = [sys.executable, "-c", code, *WORKERS[worker]]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    file, found, *lines = done.stdout.splitlines()
    assert (Path(file).parent, found) == (package / "bscnet", level)
    return lines


@pytest.mark.parametrize("worker", list(WORKERS))
def test_compilers_give_the_same_bits(worker: str, other_package: Path) -> None:
    levels = implementations()
    wanted = digests(worker, levels[0], PACKAGE.parent)
    assert len(wanted) >= 24
    # what levels have to do with each other, test_same_bits.py and the unit tests say; here each is cheap for programs
    for level in levels if worker == "programs" else levels[:1]:
        found = digests(worker, level, other_package)
        different = [one for one, other in zip(found, wanted, strict=True) if one != other]
        assert not different, (level, different)
