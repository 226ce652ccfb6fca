"""Parts of scripts/bench_data.py."""
