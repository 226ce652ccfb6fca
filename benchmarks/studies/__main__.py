"""The studies in short, from the files that `bscnet study` has written to benchmarks/study."""

from __future__ import annotations

import sys

from benchmarks.studies.program import run
from bscnet.errors import shown

sys.exit(shown(run))
