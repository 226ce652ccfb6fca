"""What setup.cfg cannot say: CMake makes the engine's library of csrc/, and a wheel carries the top-level conf/.

CMake reads the environment as always: CXX, CXXFLAGS, LDFLAGS, CMAKE_GENERATOR, CMAKE_BUILD_PARALLEL_LEVEL. What
CMAKE_ARGS holds is added to its command line, a toolchain file for another platform for instance.
"""

import os
import runpy
import shlex
import shutil
import subprocess
import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py
from setuptools.errors import CompileError, PlatformError

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:  # before setuptools 70.1
    from wheel.bdist_wheel import bdist_wheel

ROOT = Path(__file__).resolve().parent
BUILD = ROOT / "build" / "csrc" / "python"
"""Kept, so that an editable install compiles again only what has changed."""
TARGET = "bscnet_engine"
DECIDES = ("CC", "CXX", "CFLAGS", "CXXFLAGS", "LDFLAGS", "CMAKE_ARGS", "CMAKE_GENERATOR")
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
        super().run()
        if not getattr(self, "editable_mode", False):
            target = Path(self.build_lib, "bscnet", "conf")
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(ROOT / "conf", target)


class BuildEngine(build_ext):
    """Has CMake make the engine, no extension of Python but a library of plain C symbols."""

    library = engine_file()
    """What is made; before CMake has said so, by the name that it has on this machine."""

    def run(self) -> None:
        self.library = configured()
        super().run()

    def get_ext_filename(self, fullname: str) -> str:
        return str(Path(*fullname.split(".")[:-1], self.library.name))

    def build_extension(self, ext: Extension) -> None:
        target = Path(self.get_ext_fullpath(ext.name)).absolute()
        jobs = os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL") or str(os.cpu_count() or 1)
        if not ended_well([tool("cmake"), "--build", str(BUILD), "--target", TARGET, "--parallel", jobs]):
            raise CompileError("the engine of bscnet does not compile, the reason stands above")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(self.library, target)


class WheelOfEveryPython(bdist_wheel):
    """The engine is loaded with ctypes: one wheel a platform serves every version of Python."""

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


def configured() -> Path:
    """The library that CMake is going to make.

    Raises:
        PlatformError: CMake cannot prepare that.
    """
    settings = "\n".join(f"{name}={os.environ.get(name, '')}" for name in DECIDES)
    noted = BUILD / "environment.txt"
    if not (noted.is_file() and noted.read_text() == settings):
        shutil.rmtree(BUILD, ignore_errors=True)
    command = [tool("cmake"), "-S", str(ROOT / "csrc"), "-B", str(BUILD), *generator()]
    if not ended_well([*command, *shlex.split(os.environ.get("CMAKE_ARGS", ""))]):
        named = os.environ.get("CXX")
        raise PlatformError(NOT_PREPARED.format(compiler=f"the compiler {named!r}" if named else "what it finds"))
    noted.write_text(settings)
    return Path((BUILD / f"{TARGET}.txt").read_text())


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
