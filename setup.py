"""What setup.cfg cannot say: csrc/ becomes the engine's library, and a wheel carries the top-level conf/."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py
from setuptools.errors import CompileError, PlatformError

ROOT = Path(__file__).resolve().parent
# Folders of csrc/ that are compiled; its tests, fuzz targets and examples are no part of a build.
PARTS = ("cpu", "model", "memory", "threads", "sites", "kernels", "engine", "cloud", "training")
# No contraction: a fused multiply-add is one only where the code writes fma, or results would differ between CPUs.
# No traps of arithmetic: both sides of a selection may be computed, so that it takes vectors and no branch.
FLAGS = ["-std=c++17", "-O3", "-g0", "-ffp-contract=off", "-fno-trapping-math", "-fvisibility=hidden", "-pthread"]


class BuildWithConf(build_py):
    """Copies conf/ into the built package; an editable install reads it where it stands."""

    def run(self) -> None:
        super().run()
        if not getattr(self, "editable_mode", False):
            target = Path(self.build_lib, "bscnet", "conf")
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(ROOT / "conf", target)


class BuildEngine(build_ext):
    """Compiles the files side by side (MAX_JOBS at once, else one a core) and says plainly what is missing."""

    def build_extension(self, ext: Extension) -> None:
        compiler = (getattr(self.compiler, "compiler_cxx", None) or self.compiler.compiler)[0]
        if shutil.which(compiler) is None or not _compiles(compiler):
            raise PlatformError(
                f"the engine of bscnet is compiled when it is installed, but the C++17 compiler {compiler!r} is "
                "missing or does not work: install one (Debian: apt-get install build-essential) or name it in CXX"
            )
        compile_all = self.compiler.compile

        def compile_apart(sources: list[str], *args: object, **options: object) -> list[str]:
            with ThreadPoolExecutor(int(os.environ.get("MAX_JOBS") or os.cpu_count() or 1)) as pool:
                compiled = pool.map(lambda source: compile_all([source], *args, **options), sources)
                return [name for names in compiled for name in names]

        self.compiler.compile = compile_apart
        try:
            super().build_extension(ext)
        except CompileError as error:
            raise CompileError(f"the engine of bscnet does not compile, the reason stands above: {error}") from error
        finally:
            self.compiler.compile = compile_all


def _compiles(compiler: str) -> bool:
    """Whether the compiler turns an empty C++17 program into something; a `gcc` without C++ does not."""
    command = [compiler, "-x", "c++", "-std=c++17", "-c", "-", "-o", os.devnull]
    return subprocess.run(command, input=b"#include <vector>\n", capture_output=True, check=False).returncode == 0


def engine() -> Extension:
    """The shared library of plain C symbols that bscnet.runtime loads with ctypes."""
    sources = [Path("csrc", "capi.cpp")]
    for part in PARTS:
        sources += sorted(path.relative_to(ROOT) for path in (ROOT / "csrc" / part).glob("**/*.cpp"))
    headers = sorted(path.relative_to(ROOT) for path in (ROOT / "csrc").glob("**/*.h"))
    return Extension(
        "bscnet.runtime._engine",
        [str(path) for path in sources],
        depends=[str(path) for path in headers],
        include_dirs=["csrc", "csrc/include"],
        extra_compile_args=FLAGS,
        extra_link_args=["-pthread", *(["-Wl,--no-undefined"] if sys.platform == "linux" else [])],
        language="c++",
    )


setup(cmdclass={"build_py": BuildWithConf, "build_ext": BuildEngine}, ext_modules=[engine()])
