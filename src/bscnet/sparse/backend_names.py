"""The backends' names, for whoever has to check one without importing torch."""

BACKENDS = ("minkowski", "native", "spconv_triton", "torch")
"""What ``backend.name`` may be, beside ``auto``."""
