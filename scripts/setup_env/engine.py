"""MinkowskiEngine: a wheel is built in a throw-away environment, kept, and installed.

The engine's setup.py uninstalls an installed copy and deletes build folders, hence the environment of its own. That
environment reads torch and numpy from the project's one through a path file: exactly the same torch, not fetched twice.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from setup_env.console import run_logged, say
from setup_env.stamps import Stamp, key_of

ENGINE = "MinkowskiEngine==0.5.4"
# Newer setuptools break the engine's search for a BLAS unless it is named, which the options below do.
# Debian 12's own pip (23.0) does not know -C.
BUILD_TOOLS = ("pip==23.2.1", "setuptools==84.2.1", "wheel==0.48.0", "ninja==1.13.2", "packaging==26.3")
BUILD_OPTIONS = ("--no-build-isolation", "--use-pep517", "--no-deps")
ENGINE_OPTIONS = ("-C--global-option=--blas=openblas", "-C--global-option=--cpu_only")
TORCH_SERVES = "the torch backend serves instead: same numbers, nothing to compile"


def said_by(python: Path, code: str) -> str:
    """What the interpreter prints for a piece of code."""
    return subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def build_jobs() -> int:
    """Compilers at once: one a core, and 2 GB of memory for each."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return max(1, min(os.cpu_count() or 1, int(memory / 2)))


def links_openblas() -> bool:
    """Whether the compiler finds an OpenBLAS to link with, wherever the machine keeps it."""
    if shutil.which("g++") is None:
        return False
    command = ["g++", "-x", "c++", "-", "-lopenblas", "-o", os.devnull]
    return subprocess.run(command, input=b"int main() {}", capture_output=True, check=False).returncode == 0


def ready_wheels(folders: list[Path]) -> Iterator[Path]:
    """Wheels of the engine for this Python that lie in the folders, in their order."""
    tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
    for folder in folders:
        yield from sorted(folder.glob(f"[Mm]inkowski[Ee]ngine-0.5.4-{tag}-*.whl"))


def works(python: Path) -> bool:
    """Whether the installed engine computes a tiny convolution rightly; run apart, as a wrong build may crash."""
    check = Path(__file__).with_name("check_engine.py")
    done = subprocess.run([str(python), str(check)], capture_output=True, check=False)
    return done.returncode == 0


def install_wheel(python: Path, wheel: Path) -> bool:
    """Install a wheel and try it; a wheel that does not work is taken out again."""
    pip = [str(python), "-m", "pip"]
    command = [*pip, "install", "-q", "--no-deps", "--no-index", "--force-reinstall", str(wheel)]
    if subprocess.run(command, check=False).returncode == 0 and works(python):
        return True
    subprocess.run([*pip, "uninstall", "-q", "-y", "MinkowskiEngine"], capture_output=True, check=False)
    return False


def build_wheel(python: Path, folder: Path, log: Path) -> bool:
    """Build the wheel into the folder; everything the compilers say goes to the log."""
    folder.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="bscnet-build-") as name:
        scratch = Path(name)
        venv = scratch / "venv"
        builder = venv / "bin" / "python"
        where = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
        environment = {
            **os.environ,
            "MAX_JOBS": os.environ.get("MAX_JOBS", str(build_jobs())),
            "PATH": f"{builder.parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "TMPDIR": name,
        }

        def run(*command: str) -> bool:
            return run_logged(command, log, environment, scratch)

        if not run(str(python), "-m", "venv", str(venv)):
            return False
        Path(said_by(builder, where), "project.pth").write_text(said_by(python, where) + "\n")
        pip = (str(builder), "-m", "pip")
        if not run(*pip, "install", "--ignore-installed", *BUILD_TOOLS):
            return False
        # the wheel appears in the cache only when it is whole
        made = scratch / "made"
        if not run(*pip, "wheel", *BUILD_OPTIONS, *ENGINE_OPTIONS, "--no-cache-dir", "-w", str(made), ENGINE):
            return False
        for wheel in made.glob("*.whl"):
            shutil.copyfile(wheel, folder / f".{wheel.name}")
            os.replace(folder / f".{wheel.name}", folder / wheel.name)
        return any(ready_wheels([folder]))


def provide_engine(python: Path, stamps: Path, cache: Path, given: Path | None, retry: bool) -> bool:
    """Have MinkowskiEngine in the environment if it can be had; says which backend the project ends up with.

    A build that failed is not tried again before something it depends on changes (compiler, torch, Python), or `retry`.
    """
    torch = said_by(python, "from importlib.metadata import version; print(version('torch'))")
    compiler = shutil.which("g++") or "no g++"
    blas = links_openblas()
    name = f"{ENGINE.replace('==', '-')}-torch{torch}-cp{sys.version_info.major}{sys.version_info.minor}"
    key = key_of([name, str(python), compiler, str(blas), str(given)])
    done, failed = Stamp(stamps, "engine"), Stamp(stamps, "engine-failed")
    folders = [(given or cache / "wheels") / name, *([given] if given else [])]
    log = cache / "logs" / "minkowski-build.log"

    installed = said_by(python, "import importlib.util as u; print(u.find_spec('MinkowskiEngine') is not None)")
    if installed == "True" and (done.holds(key) or works(python)):
        done.set(key)
        say(f"backend: MinkowskiEngine works (torch {torch})")
        return True
    for wheel in ready_wheels(folders):
        if install_wheel(python, wheel):
            done.set(key)
            say(f"backend: MinkowskiEngine installed from {wheel}")
            return True
        say(f"backend: {wheel} does not work with torch {torch}")
    if failed.holds(key) and not retry:
        say(f"backend: MinkowskiEngine could not be built the last time (see {log}; `make engine` tries again);")
        say(f"  {TORCH_SERVES}")
        return False
    if compiler == "no g++" or not blas:
        lacking = "a C++ compiler (g++) and libopenblas-dev" if compiler == "no g++" else "libopenblas-dev"
        say(f"backend: MinkowskiEngine cannot be built without {lacking};")
        say(f"  {TORCH_SERVES}")
        return False
    say(f"backend: building MinkowskiEngine, once, about 6 minutes on 2 cores (log: {log})")
    if build_wheel(python, folders[0], log) and any(
        install_wheel(python, wheel) for wheel in ready_wheels(folders[:1])
    ):
        done.set(key)
        failed.clear()
        say(f"backend: MinkowskiEngine built and tried; its wheel is kept in {folders[0]}")
        return True
    failed.set(key)
    say(f"backend: MinkowskiEngine could NOT be built, the reason is at the end of {log};")
    say(f"  {TORCH_SERVES}")
    return False
