"""Parts of `python -m benchmarks.data`."""
