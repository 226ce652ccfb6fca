from __future__ import annotations

import sys

from benchmarks.quick_rooms.program import run
from bscnet.errors import shown

sys.exit(shown(run))
