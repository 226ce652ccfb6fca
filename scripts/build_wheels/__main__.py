"""The command: `make wheels`, or with the packages of requirements.txt `PYTHONPATH=scripts python -m build_wheels`."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from build_wheels.build import make_archive, make_wheel
from build_wheels.checks import ROOT, wheel_faults
from build_wheels.platforms import PLATFORMS, chosen


def main(arguments: list[str] | None = None) -> int:
    """Makes the archive and the wheels and checks them; 1: one has a fault, which is printed, 2: a name is wrong."""
    parser = argparse.ArgumentParser(prog="build_wheels", description=__doc__)
    parser.add_argument("platforms", nargs="*", help=", ".join(platform.name for platform in PLATFORMS))
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "dist", help="folder of what is made (dist)")
    given = parser.parse_args(arguments)
    try:
        platforms = chosen(given.platforms)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    out = given.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    archive = make_archive(ROOT, out)
    made, faulty = [archive], False
    for platform in platforms:
        wheel = make_wheel(archive, platform, out, ROOT / ".cache" / "zig")
        faults = wheel_faults(wheel, platform)
        faulty = faulty or bool(faults)
        made.append(wheel)
        print(
            f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB, {'; '.join(faults) or 'as its tag says'}", flush=True
        )
    twine = [sys.executable, "-m", "twine", "check", "--strict", *map(str, made)]
    return 1 if subprocess.run(twine, check=False).returncode != 0 or faulty else 0


if __name__ == "__main__":
    sys.exit(main())
