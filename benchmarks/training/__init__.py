"""Parts of `python -m benchmarks.training`."""
