"""The system packages: asked for by apt where that is allowed, named where it is not."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from setup_env.console import Stop, say

# package -> what breaks without it
ALWAYS = {
    "libopenblas-dev": "MinkowskiEngine is built against it",
    "libgomp1": "threads of torch and MinkowskiEngine",
    "libusb-1.0-0": "Open3D does not import without it",
    "libgl1": "Open3D does not import without it",
    "libegl1": "Open3D does not import without it",
}
# The same for what only tests need: nothing but a test is lost where they cannot be had.
FOR_TESTS = {
    "chromium": "the page of a scene is opened in it",
    "chromium-driver": "turns and clicks in that page",
}
# ARM machines run their own kernels and need no emulator.
FOR_TESTS_ON_X86 = {
    "g++-aarch64-linux-gnu": "the NEON kernels are compiled with it",
    "qemu-user-static": "the NEON kernels are emulated by it",
}
INSTALL = ("install", "-y", "-q", "--no-install-recommends")


def wanted_packages() -> list[str]:
    """Debian packages this machine should have, whether they are there or not."""
    wanted = list(ALWAYS)
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if shutil.which("g++") is None:
        wanted.append("build-essential")
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        wanted.append(f"{python}-venv")
    if not Path(sysconfig.get_paths()["include"], "Python.h").is_file():
        wanted.append(f"{python}-dev")
    return wanted


def packages_for_tests() -> list[str]:
    """Debian packages that only tests need on a machine like this one."""
    return [*FOR_TESTS, *(FOR_TESTS_ON_X86 if platform.machine() == "x86_64" else ())]


def missing_packages(wanted: list[str]) -> list[str]:
    """Those of the wanted packages that dpkg does not report as installed."""
    missing = []
    for package in wanted:
        query = ["dpkg-query", "-W", "-f=${db:Status-Status}", package]
        done = subprocess.run(query, capture_output=True, text=True, check=False)
        if done.returncode != 0 or done.stdout.strip() != "installed":
            missing.append(package)
    return missing


def apt_prefix() -> list[str] | None:
    """What to put before apt-get here: nothing for root, `sudo -n` where it asks nothing, else None."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        done = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
        if done.returncode == 0:
            return ["sudo", "-n"]
    return None


def install_system_packages(tests: bool = False) -> None:
    """Install what is missing; where that may not be done, print the line to type and stop.

    With `tests` also the packages that only tests need, but without them set-up goes on.
    """
    if os.environ.get("SKIP_SYSTEM") == "1":
        say("system packages: left alone, as SKIP_SYSTEM=1 asks")
        return
    wanted, optional = wanted_packages(), packages_for_tests() if tests else []
    if shutil.which("dpkg-query") is None or shutil.which("apt-get") is None:
        say("system packages: this is no Debian, so please see yourself that the like of these is there:")
        say("  " + " ".join(wanted + optional))
        return
    missing, untested = missing_packages(wanted), missing_packages(optional)
    if not missing and not untested:
        say("system packages: all there")
        return
    line = f"apt-get update && sudo apt-get install -y --no-install-recommends {' '.join(missing + untested)}"
    prefix = apt_prefix()
    if prefix is None and not missing:
        say(f"system packages: tests that need {' '.join(untested)} will be skipped; to have them, type")
        say(f"  sudo {line}")
        return
    if prefix is None:
        raise Stop(
            "these system packages are missing and may not be installed from here; please type\n\n"
            f"    sudo {line}\n\n"
            "and then the same make command again (or SKIP_SYSTEM=1 make … to go on without them)."
        )
    say(f"system packages: installing {' '.join(missing + untested)}")
    apt_get(prefix, "update", "-q")
    if missing and not apt_get(prefix, *INSTALL, *missing):
        raise Stop(f"apt-get failed (its message stands above); please type\n\n    sudo {line}\n\nand try again.")
    if untested and not apt_get(prefix, *INSTALL, *untested):
        say(f"system packages: tests that need {' '.join(untested)} will be skipped, as apt-get failed")


def apt_get(prefix: list[str], *arguments: str) -> bool:
    """Whether apt-get did it. sudo drops the environment, so the variable goes over the command line."""
    command = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *arguments]
    return subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0
