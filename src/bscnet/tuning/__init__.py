"""Hyper-parameter search over whole chains, by Optuna."""
