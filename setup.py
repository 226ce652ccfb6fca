"""What setup.cfg cannot say: csrc/ becomes the engine's library, and a wheel carries the top-level conf/.

CXX names the compiler, words of a command may follow it; its target is what the library is made for, so that a cross
compiler makes that of another platform. CXXFLAGS and LDFLAGS are added to the flags, MAX_JOBS files are compiled at
once.
"""

import functools
import os
import runpy
import shlex
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
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
# Folders of csrc/ that are compiled; its tests, fuzz targets and examples are no part of a build.
PARTS = ("cpu", "model", "memory", "threads", "sites", "kernels", "engine", "cloud", "training")
# No contraction: a fused multiply-add is one only where the code writes fma, or results would differ between CPUs.
# No traps of arithmetic: both sides of a selection may be computed, so that it takes vectors and no branch.
FLAGS = ["-std=c++17", "-O3", "-g0", "-ffp-contract=off", "-fno-trapping-math", "-fvisibility=hidden", "-DBSCNET_BUILD"]
INCLUDES = ["-Icsrc", "-Icsrc/include"]
NO_COMPILER = (
    "the engine of bscnet is compiled when it is installed, but the C++17 compiler {!r} is missing or does not work: "
    "install one (Debian: apt-get install build-essential) or name it in CXX"
)
# By the platform: a position-independent library of which nothing is left open, and that carries no folder of its own.
SHARED = {
    "linux": (
        ["-fPIC", "-pthread"],
        ["-shared", "-pthread", "-Wl,--no-undefined", "-Wl,--version-script=csrc/exports.map"],
    ),
    "darwin": (["-fPIC"], ["-dynamiclib", "-Wl,-install_name,@rpath/{name}"]),
    "win32": ([], ["-shared"]),
}


class BuildWithConf(build_py):
    """Copies conf/ into the built package; an editable install reads it where it stands."""

    def run(self) -> None:
        super().run()
        if not getattr(self, "editable_mode", False):
            target = Path(self.build_lib, "bscnet", "conf")
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(ROOT / "conf", target)


class BuildEngine(build_ext):
    """Compiles the engine, no extension of Python but a library of plain C symbols, without Python's own flags."""

    def get_ext_filename(self, fullname: str) -> str:
        return str(Path(*fullname.split(".")[:-1], engine_file(target_platform(compiler())).name))

    def build_extension(self, ext: Extension) -> None:
        target = Path(self.get_ext_fullpath(ext.name))
        if not self.force and up_to_date(target, [*ext.sources, *ext.depends]):
            return
        command = compiler()
        to_compile, to_link = SHARED[target_platform(command)]
        objects = Path(self.build_temp).absolute()
        flags = [*FLAGS, *to_compile, *INCLUDES, *shlex.split(os.environ.get("CXXFLAGS", ""))]

        def compiled(source: str) -> str:
            made = objects / f"{source}.o"
            made.parent.mkdir(parents=True, exist_ok=True)
            run([*command, *flags, "-c", source, "-o", str(made)])
            return str(made)

        with ThreadPoolExecutor(int(os.environ.get("MAX_JOBS") or os.cpu_count() or 1)) as pool:
            made = list(pool.map(compiled, ext.sources))
        target = target.absolute()
        target.parent.mkdir(parents=True, exist_ok=True)
        link = [word.format(name=target.name) for word in to_link]
        run([*command, *link, *made, "-o", str(target), *shlex.split(os.environ.get("LDFLAGS", ""))])


class WheelOfEveryPython(bdist_wheel):
    """The engine is loaded with ctypes: one wheel a platform serves every version of Python."""

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


def engine_file(platform: str) -> Path:
    """Where the package loads the engine from, relative to its folder."""
    return runpy.run_path(str(ROOT / "src" / "bscnet" / "engine_file.py"))["engine_file"](platform)


def compiler() -> tuple[str, ...]:
    """The command of the C++ compiler."""
    if os.environ.get("CXX"):
        return tuple(shlex.split(os.environ["CXX"]))
    return (next((name for name in ("g++", "clang++") if shutil.which(name)), "c++"),)


@functools.cache
def target_platform(command: tuple[str, ...]) -> str:
    """What a C++17 compiler compiles for, as sys.platform names it; PlatformError: it does not compile."""
    ask = [*command, "-x", "c++", "-std=c++17", "-E", "-dD", "-"]
    try:
        done = subprocess.run(ask, input="#include <vector>\n", capture_output=True, text=True, check=False)
    except OSError:
        done = None
    if done is None or done.returncode != 0 or "__cplusplus" not in done.stdout:
        raise PlatformError(NO_COMPILER.format(shlex.join(command)))
    defined = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("#define ")}
    return "win32" if "_WIN32" in defined else "darwin" if "__APPLE__" in defined else "linux"


def up_to_date(made: Path, sources: list[str]) -> bool:
    """Whether a file is there and no older than any of its sources."""
    return made.exists() and made.stat().st_mtime >= max(Path(source).stat().st_mtime for source in sources)


def run(command: list[str]) -> None:
    """Runs a compiler's command; CompileError: it fails."""
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        raise CompileError(f"the engine of bscnet does not compile, the reason stands above: {shlex.join(command)}")


def engine() -> Extension:
    """The shared library that bscnet.compiled loads; its name says the package that it lies in."""
    sources = [Path("csrc", "capi.cpp")]
    for part in PARTS:
        sources += sorted(path.relative_to(ROOT) for path in (ROOT / "csrc" / part).glob("**/*.cpp"))
    headers = sorted(path.relative_to(ROOT) for path in (ROOT / "csrc").glob("**/*.h"))
    name = ".".join(("bscnet", *engine_file("linux").parent.parts, "engine"))
    return Extension(name, [str(path) for path in sources], depends=[str(path) for path in headers])


setup(
    cmdclass={"build_py": BuildWithConf, "build_ext": BuildEngine, "bdist_wheel": WheelOfEveryPython},
    ext_modules=[engine()],
)
