"""The source archive, and wheels that are made of it as pip makes them, by a cross compiler."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

from build_wheels.platforms import Platform


def make_archive(project: Path, out: Path) -> Path:
    """The source archive of a checkout, put into a folder."""
    subprocess.run([sys.executable, "setup.py", "-q", "sdist", "--dist-dir", str(out)], cwd=project, check=True)
    return _newest(out, "bscnet-*.tar.gz")


def make_wheel(archive: Path, platform: Platform, out: Path, cache: Path) -> Path:
    """The wheel of one platform, put into a folder; the compiler keeps what it has built of its own in the cache."""
    environment = wheel_environment(platform, cache, dict(os.environ))
    subprocess.run([sys.executable, *wheel_words(archive, platform, out)], env=environment, check=True)
    return _newest(out, f"bscnet-*-{platform.tag}.whl")


def wheel_words(archive: Path, platform: Platform, out: Path) -> list[str]:
    """What Python is asked for: a wheel by the packages that are installed."""
    pip = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    return [*pip, f"--config-settings=--build-option=--plat-name={platform.tag}", "-w", str(out), str(archive)]


def wheel_environment(platform: Platform, cache: Path, environment: dict[str, str]) -> dict[str, str]:
    """The environment in which the wheel is made: with Zig's compiler, without flags meant for another one."""
    kept = {name: value for name, value in environment.items() if name not in ("CC", "CXX", "CFLAGS", "CXXFLAGS")}
    caches = {"ZIG_GLOBAL_CACHE_DIR": str(cache), "ZIG_LOCAL_CACHE_DIR": str(cache)}
    words = ["CMAKE_TOOLCHAIN_FILE=cmake/zig.cmake", f"ZIG_PYTHON={sys.executable}", f"ZIG_TARGET={platform.target}"]
    return {**kept, **caches, "LDFLAGS": "-s", "CMAKE_ARGS": shlex.join(f"-D{word}" for word in words)}


def _newest(folder: Path, pattern: str) -> Path:
    return max(folder.glob(pattern), key=lambda path: path.stat().st_mtime_ns)
