"""What the machine can do at best: bandwidth, population counts and multiply-adds, by a small C++ program."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from bscnet.errors import InputError


def measure_machine(folder: Path, threads: list[int]) -> list[dict[str, Any]]:
    """A row for each number of threads: GB/s of a copy (read and written), Gbit/s of xor + popcount + add, and 10^9
    float32 multiply-adds a second.

    InputError: there is no C++ compiler (CXX names one, else g++), or it fails.
    """
    compiler, program = os.environ.get("CXX", "g++"), folder / "machine"
    source = Path(__file__).with_name("machine.cpp")
    command = [compiler, "-std=c++17", "-O3", "-march=native", "-pthread", str(source), "-o", str(program)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise InputError(f"the layers' floor needs a C++ compiler, and {compiler} is not on this machine") from error
    except subprocess.CalledProcessError as error:
        raise InputError(f"{compiler} does not compile {source.name}: {error.stderr.strip()[-500:]}") from error
    rows = []
    for count in threads:
        done = subprocess.run([str(program), str(count)], check=True, capture_output=True, text=True)
        rows.append({"threads": count, **json.loads(done.stdout)})
    return rows
