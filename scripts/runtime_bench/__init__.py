"""Parts of scripts/bench_runtime.py."""
