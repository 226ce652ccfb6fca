"""The package's version, which is the engine's too."""

__version__ = "0.1.0"
