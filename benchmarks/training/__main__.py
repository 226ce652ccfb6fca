from __future__ import annotations

import sys

from benchmarks.training.program import run
from bscnet.errors import shown

sys.exit(shown(run))
