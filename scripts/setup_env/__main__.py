"""`python -m setup_env`: does what is left to do, in order, and nothing twice."""

from __future__ import annotations

import argparse
import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from setup_env.console import Stop, say
from setup_env.engine import provide_engine
from setup_env.environment import EXTRAS, install_package, make_environment
from setup_env.system import install_system_packages


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Let one set-up of this folder run at a time; a second one waits and then finds everything done."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up of this folder is running; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main() -> int:
    parser = argparse.ArgumentParser(prog="setup_env", description="Set bscnet up on this machine.")
    parser.add_argument("--extras", choices=EXTRAS, default="train", help="train: to run; dev: to test as well")
    parser.add_argument("--retry-engine", action="store_true", help="build MinkowskiEngine again though it failed")
    args = parser.parse_args()
    root = Path(__file__).resolve().parents[2]
    venv, cache = root / ".venv", root / ".cache"
    stamps = venv / "stamps"  # inside the environment: whoever deletes it starts from the beginning
    wheels = os.environ.get("BSCNET_WHEEL_DIR")
    try:
        if sys.version_info < (3, 11):  # noqa: UP036  # this runs before anything checked it
            raise Stop(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}; PYTHON=… names another")
        with alone(cache / "setup.lock"):
            install_system_packages(tests=args.extras == "dev")
            python = make_environment(venv)
            log = cache / "logs" / "pip.log"
            install_package(root, python, stamps, log, args.extras, os.environ.get("TORCH") or "torch")
            provide_engine(python, stamps, cache, Path(wheels).resolve() if wheels else None, args.retry_engine)
    except Stop as stop:
        say(f"STOPPED: {stop}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
