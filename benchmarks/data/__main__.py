from __future__ import annotations

import sys

from benchmarks.data.program import run
from bscnet.errors import shown

sys.exit(shown(run))
