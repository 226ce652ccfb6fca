from __future__ import annotations

import sys

from benchmarks.real_lidar.program import run
from bscnet.errors import shown

sys.exit(shown(run))
