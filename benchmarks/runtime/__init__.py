"""Parts of `python -m benchmarks.runtime`."""
