"""The weights that ship with the package, from training to the model card."""

from __future__ import annotations

import sys

from benchmarks.shipped_weights.program import run
from bscnet.errors import shown

sys.exit(shown(run))
