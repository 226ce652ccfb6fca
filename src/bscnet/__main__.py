"""`python -m bscnet COMMAND`, the same as the console script `bscnet COMMAND`."""

from __future__ import annotations

import sys

from bscnet.cli import main

if __name__ == "__main__":
    sys.exit(main())
