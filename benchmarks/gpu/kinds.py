"""The kinds of training step, as `benchmarks.training` and the stages of a chain have them."""

from __future__ import annotations

KINDS = {
    "real": ("a32w32", "plain", "real-valued"),
    "1-bit": ("a1w32", "plain", "1-bit activations"),
    "binary": ("a1w1", "plain", "1-bit activations and weights"),
    "SFSC": ("a1w1", "shifted", "1-bit, shifted (tetra4)"),
    "search": ("a1w32", "composite", "1-bit activations, search (27 candidates)"),
}
"""Precision and convolution of a stage, and what it is."""
