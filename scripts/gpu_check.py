"""Checks and measures this machine's CUDA device: benchmarks/gpu.md and benchmarks/gpu.json. See docs/gpu.md."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.gpu.program import run
from bscnet.errors import shown

sys.exit(shown(run))
