from __future__ import annotations

import sys

from benchmarks.gpu.program import run
from bscnet.errors import shown

sys.exit(shown(run))
