"""How this bscnet was installed, and what to type where something is missing."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_EXTRAS = {
    **dict.fromkeys(("laspy", "lazrs", "pyproj", "rich", "PIL", "argcomplete"), "predict"),
    "imagecodecs": "pcd",
    "wandb_workspaces": "dashboard",
    **{package: package for package in ("tensorboard", "mlflow", "optuna", "ray", "submitit")},
}
"""Which extra of pip brings a package, where the smallest that does is not `train`."""

_BY_SETUP = ("", "predict", "pcd", "train")
"""What `make setup` brings."""

_OF_TRAINING = ("hydra", "pytorch_lightning")
"""Packages that nobody has beside a bscnet that only predicts, but for training."""


def extra_of(package: str) -> str:
    """The smallest extra of pip that brings a package."""
    return _EXTRAS.get(package, "train")


def in_checkout() -> bool:
    """Whether this is the project's own folder, with its Makefile, and not an installed wheel."""
    return (Path(__file__).resolve().parents[2] / "Makefile").is_file()


def how_to_install(extra: str) -> str:
    """What to type for an extra of pip; for none, to have the package itself anew."""
    if in_checkout():
        return "make setup" if extra in _BY_SETUP else f"pip install -e '.[{extra}]'"
    return f"pip install 'bscnet[{extra}]'" if extra else "pip install --force-reinstall bscnet"


def missing(*packages: str) -> list[str]:
    """Those of the packages that are not installed; none of them is imported."""
    return [package for package in packages if importlib.util.find_spec(package) is None]


def training_installed() -> bool:
    """Whether the extra `train` was asked for: one of the packages is there that only it brings."""
    return len(missing(*_OF_TRAINING)) < len(_OF_TRAINING)
