from __future__ import annotations

import sys

from benchmarks.quick_rooms.program import main

sys.exit(main())
