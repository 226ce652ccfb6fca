"""The project's own virtual environment and the package in it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from setup_env.console import Stop, last_lines, run_logged, say
from setup_env.stamps import Stamp, key_of

NOT_IN_THE_ENGINE = ("tests", "fuzz", "examples")  # folders of csrc/ that setup.py does not compile
EXTRAS = ("train", "dev")  # each holds the one before it


def make_environment(venv: Path) -> Path:
    """The interpreter of the environment, which is made if it is missing or broken."""
    python = venv / "bin" / "python"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if python.exists():
        ask = [str(python), "-c", "import sys, pip; print('%d.%d' % sys.version_info[:2])"]
        done = subprocess.run(ask, capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip() == version:
            say(f"environment: {venv.name} is there (Python {version})")
            return python
    say(f"environment: making {venv.name} with Python {version}")
    if subprocess.run([sys.executable, "-m", "venv", "--clear", str(venv)], check=False).returncode != 0:
        raise Stop(f"no virtual environment could be made in {venv}; is python{version}-venv installed?")
    return python


def constraints_for(torch: str, lines: list[str]) -> list[str]:
    """The pinned versions; the pin of torch gives way to a version that the user named."""
    if not re.search(r"[=<>~!@]", torch):
        return lines
    return [line for line in lines if not re.match(r"torch\s*==", line)]


def engine_sources(root: Path) -> list[Path]:
    """What the engine is compiled from, in a fixed order: a change of it needs a new build."""
    folder = root / "csrc"
    kinds = (".cpp", ".h", ".map", ".cmake", ".in", ".txt")
    files = (path for path in folder.rglob("*") if path.suffix in kinds)
    return sorted(path for path in files if path.relative_to(folder).parts[0] not in NOT_IN_THE_ENGINE)


def engine_built(root: Path) -> bool:
    """Whether the compiled engine lies where the editable package loads it from."""
    return any((root / "src" / "bscnet" / "runtime").glob("libbscnet_engine.*"))


def install_package(root: Path, python: Path, stamps: Path, log: Path, extras: str, torch: str) -> None:
    """Install bscnet editable with its extras at the pinned versions, unless that is done already.

    Done means: by the same setup, from the same C++ files, and the compiled engine is still there.
    """
    if extras not in EXTRAS:
        raise Stop(f"unknown extras {extras!r}; allowed are {', '.join(EXTRAS)}")
    files = [root / name for name in ("setup.cfg", "setup.py", "constraints.txt")]
    sources = engine_sources(root)
    key = key_of([torch, str(python), *(str(path.relative_to(root)) for path in sources)], files + sources)
    enough = EXTRAS[EXTRAS.index(extras) :]
    if engine_built(root) and any(Stamp(stamps, f"package-{name}").holds(key) for name in enough):
        say(f"package: bscnet[{extras}] is installed")
        return
    say(f"package: installing bscnet[{extras}] and what it needs, some hundred MB the first time (log: {log})")
    stamps.mkdir(parents=True, exist_ok=True)
    constraints = stamps / "constraints.txt"
    pinned = constraints_for(torch, (root / "constraints.txt").read_text().splitlines())
    constraints.write_text("\n".join(pinned) + "\n")
    # torch comes first in the same call: a local version such as 2.13.0+cpu then also serves the package's own need
    command = [str(python), "-m", "pip", "install", "-c", str(constraints), torch, "-e", f"{root}[{extras}]"]
    log.unlink(missing_ok=True)
    if not run_logged(command, log):
        raise Stop(f"pip could not install the package:\n\n{last_lines(log)}\n\nThe whole log is {log}.")
    Stamp(stamps, f"package-{extras}").set(key)
