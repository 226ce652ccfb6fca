"""What is measured on: the device, its driver, and the versions that compute on it."""

from __future__ import annotations

import importlib.util
import platform
import subprocess
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

import torch

from benchmarks.common.machine import processor
from benchmarks.gpu.engines import ENGINES, missing
from benchmarks.gpu.setting import Row, Setting, stated


def describe(setting: Setting) -> Iterator[Row]:
    """Name, capability, memory and number of the devices; driver, libraries and engines."""
    yield stated("CPU", processor())
    yield stated("Python", platform.python_version())
    found = torch.cuda.get_device_properties(0)
    yield stated("device", f"{found.name}, {torch.cuda.device_count()} of it")
    yield stated("capability", f"{found.major}.{found.minor}")
    yield stated("memory", f"{found.total_memory / 2**30:.1f} GiB")
    yield stated("multiprocessors", str(found.multi_processor_count))
    yield stated("driver", _driver())
    yield stated("torch", f"{torch.__version__}, CUDA {torch.version.cuda or 'none'}")
    for name in ("triton", "spconv-triton", "pytorch-lightning"):
        yield stated(name, _version(name))
    for engine in ENGINES:
        reason = missing(engine)
        yield stated(f"engine: {engine}", "tried" if reason is None else f"left out: {reason}")


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
