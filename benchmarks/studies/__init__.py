"""The studies in short, from the files that `bscnet study` has written to benchmarks/study."""
