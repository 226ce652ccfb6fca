"""What setup.cfg cannot say: CMake makes the engine's library of csrc/, and a wheel carries the top-level conf/.

CMake reads the environment as always: CXX, CXXFLAGS, LDFLAGS, CMAKE_GENERATOR, CMAKE_BUILD_PARALLEL_LEVEL. What
CMAKE_ARGS holds is added to its command line, a toolchain file for another platform for instance.
"""

import hashlib
import os
import runpy
import shlex
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py
from setuptools.errors import CompileError, PlatformError

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:  # before setuptools 70.1
    from wheel.bdist_wheel import bdist_wheel

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None

ROOT = Path(__file__).resolve().parent
BUILDS = ROOT / "build" / "csrc"
TARGET = "bscnet_engine"
DECIDES = (
    "CC",
    "CXX",
    "CXXFLAGS",
    "LDFLAGS",
    "CMAKE_ARGS",
    "CMAKE_BUILD_TYPE",
    "CMAKE_GENERATOR",
    "CMAKE_TOOLCHAIN_FILE",
)
"""Of the environment, what CMake asks for once and then remembers."""
PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), sysconfig.get_path("scripts")])
"""Without build isolation pip's own environment may hold CMake, and not be on the path."""
NOT_PREPARED = (
    "the engine of bscnet is compiled when it is installed, but CMake cannot prepare that with {compiler}, the reason "
    "stands above: it takes a C++17 compiler (Debian: apt-get install build-essential); CXX names another one"
)


def engine_file() -> Path:
    """Where the package loads the library from on this machine, relative to its own folder."""
    return runpy.run_path(str(ROOT / "src" / "bscnet" / "engine_file.py"))["engine_file"]()


class BuildWithConf(build_py):
    """Copies conf/ into the built package; an editable install reads it where it stands."""

    def run(self) -> None:
        if not getattr(self, "editable_mode", False):
            shutil.rmtree(self.build_lib, ignore_errors=True)  # modules of before, which setuptools would keep
        super().run()
        if not getattr(self, "editable_mode", False):
            shutil.copytree(ROOT / "conf", Path(self.build_lib, "bscnet", "conf"))


class BuildEngine(build_ext):
    """Has CMake make the engine, no extension of Python but a library of plain C symbols."""

    library = engine_file()
    """What is made; before CMake has said so, by the name that it has on this machine."""

    def run(self) -> None:
        self.folder = build_folder()
        with alone(self.folder):
            self.library = configured(self.folder)
            super().run()

    def get_ext_filename(self, fullname: str) -> str:
        return str(Path(*fullname.split(".")[:-1], self.library.name))

    def build_extension(self, ext: Extension) -> None:
        target = Path(self.get_ext_fullpath(ext.name)).absolute()
        jobs = os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL") or str(os.cpu_count() or 1)
        if not ended_well([tool("cmake"), "--build", str(self.folder), "--target", TARGET, "--parallel", jobs]):
            raise CompileError("the engine of bscnet does not compile, the reason stands above")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(self.library, target)


class WheelOfEveryPython(bdist_wheel):
    """The engine is loaded with ctypes: one wheel a platform serves every version of Python."""

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


def build_folder() -> Path:
    """Where CMake works; kept, so that an editable install compiles again only what has changed.

    One for everything that CMake would ask for once and then remember, so that none meets another's.
    """
    settings = [str(ROOT), *generator()[:2], *(f"{name}={os.environ.get(name, '')}" for name in DECIDES)]
    return BUILDS / f"python-{hashlib.sha256(repr(settings).encode()).hexdigest()[:8]}"


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Waits until no other build is in the folder, where the system has such locks."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    if fcntl is None:
        yield
        return
    with open(folder.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def configured(folder: Path) -> Path:
    """The library that CMake is going to make in a folder.

    Raises:
        PlatformError: CMake cannot prepare that.
    """
    told = folder / f"{TARGET}.txt"
    command = [tool("cmake"), "-S", str(ROOT / "csrc"), "-B", str(folder), *generator()]
    if not ended_well([*command, *shlex.split(os.environ.get("CMAKE_ARGS", ""))]):
        if not told.exists():
            shutil.rmtree(folder, ignore_errors=True)  # what is half made would stand in the way of the next try
        named = os.environ.get("CXX")
        raise PlatformError(NOT_PREPARED.format(compiler=f"the compiler {named!r}" if named else "what it finds"))
    return Path(told.read_text())


def generator() -> list[str]:
    """CMake's words for what runs the compiler: Ninja where it is there, unless the environment names another one.

    Its place is told each time, since pip installs it anew for every build.
    """
    ninja = shutil.which("ninja", path=PATH)
    if ninja is None or os.environ.get("CMAKE_GENERATOR"):
        return []
    return ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={ninja}"]


def tool(name: str) -> str:
    """The path of a program.

    Raises:
        PlatformError: it is not there.
    """
    found = shutil.which(name, path=PATH)
    if found is None:
        raise PlatformError(f"the engine of bscnet is compiled by {name}, which is missing: pip install {name}")
    return found


def ended_well(command: list[str]) -> bool:
    """Runs a command, and says whether it succeeded."""
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


setup(
    cmdclass={"build_py": BuildWithConf, "build_ext": BuildEngine, "bdist_wheel": WheelOfEveryPython},
    ext_modules=[Extension(".".join(("bscnet", *engine_file().parent.parts, TARGET)), [])],
)
