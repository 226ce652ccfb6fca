"""Programs that measure, each beside the table it writes: `python -m benchmarks.NAME` makes NAME.md and NAME.json."""

import bscnet  # noqa: F401  # before torch is loaded: it says how idle threads wait
