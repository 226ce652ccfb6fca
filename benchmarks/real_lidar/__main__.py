from __future__ import annotations

import sys

from benchmarks.real_lidar.program import main

sys.exit(main())
