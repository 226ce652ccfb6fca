"""What is to be typed where something is missing: in a checkout its make targets, elsewhere pip's words."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest

from bscnet import installation

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    "extra, here, elsewhere",
    [
        ("", "make setup", "pip install --force-reinstall bscnet"),
        ("train", "make setup", "pip install 'bscnet[train]'"),
        ("mlflow", "pip install -e '.[mlflow]'", "pip install 'bscnet[mlflow]'"),
    ],
)
def test_advice_is_what_can_be_typed(extra: str, here: str, elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert installation.in_checkout() and installation.how_to_install(extra) == here
    monkeypatch.setattr(installation, "in_checkout", lambda: False)
    assert installation.how_to_install(extra) == elsewhere


def test_an_extra_that_is_named_brings_the_package() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    extras = setup["options.extras_require"]
    for package, extra in installation._EXTRAS.items():
        wanted = extras[extra] + extras["real"] * (extra == "predict")
        assert {"PIL": "pillow"}.get(package, package.replace("_", "-")) in wanted, f"{extra} does not bring {package}"


def test_training_is_installed_where_one_of_its_own_packages_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert installation.training_installed()
    monkeypatch.setattr(installation, "missing", lambda *names: list(names))
    assert not installation.training_installed()
    monkeypatch.setattr(installation, "missing", lambda *names: ["hydra"])
    assert installation.training_installed()
    monkeypatch.undo()
    assert installation.missing("numpy", "no_such_thing") == ["no_such_thing"]
