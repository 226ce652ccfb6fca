"""Programs that measure, each beside the table it writes: `python -m benchmarks.NAME` makes NAME.md and NAME.json."""
