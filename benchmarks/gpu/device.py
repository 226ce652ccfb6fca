"""What is measured on: the device, its driver, and the versions that compute on it."""

from __future__ import annotations

import importlib.util
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

from benchmarks.common.machine import processor
from benchmarks.gpu.engines import ENGINES, missing
from benchmarks.gpu.setting import Setting, stated


def describe(setting: Setting) -> list[dict[str, Any]]:
    """Name, capability, memory and number of the devices; driver, libraries and engines."""
    rows = [stated("CPU", processor()), stated("Python", platform.python_version())]
    found = torch.cuda.get_device_properties(0)
    rows.append(stated("device", f"{found.name}, {torch.cuda.device_count()} of it"))
    rows.append(stated("capability", f"{found.major}.{found.minor}"))
    rows.append(stated("memory", f"{found.total_memory / 2**30:.1f} GiB"))
    rows.append(stated("multiprocessors", str(found.multi_processor_count)))
    rows.append(stated("driver", _driver()))
    rows.append(stated("torch", f"{torch.__version__}, CUDA {torch.version.cuda or 'none'}"))
    rows += [stated(name, _version(name)) for name in ("triton", "spconv-triton", "pytorch-lightning")]
    for engine in ENGINES:
        reason = missing(engine)
        rows.append(stated(f"engine: {engine}", "tried" if reason is None else f"left out: {reason}"))
    return rows


def _version(package: str) -> str:
    if importlib.util.find_spec(package.replace("-", "_")) is None:
        return "not installed"
    try:
        return version(package)
    except PackageNotFoundError:
        return "installed, version not known"


def _driver() -> str:
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return "not known (nvidia-smi does not answer)"
    return done.stdout.split("\n", 1)[0].strip()
