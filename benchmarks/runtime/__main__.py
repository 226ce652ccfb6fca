from __future__ import annotations

import sys

from benchmarks.runtime.program import run
from bscnet.errors import shown

sys.exit(shown(run))
