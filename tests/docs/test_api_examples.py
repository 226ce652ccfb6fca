"""Every class and function of the API has an example in its docstring, and each does what it shows."""

from __future__ import annotations

import doctest
import importlib
import inspect
import re
import typing
from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).resolve().parents[2] / "docs" / "api").glob("*.md"))


def documented() -> dict[str, object]:
    """Classes and functions on the pages of the API, by the name one imports them by."""
    found = {}
    for name in (name for page in PAGES for name in re.findall(r"^::: (\S+)", page.read_text(), flags=re.MULTILINE)):
        module = importlib.import_module(name)
        own = [key for key, value in vars(module).items() if getattr(value, "__module__", None) == name]
        for key in getattr(module, "__all__", [key for key in own if not key.startswith("_")]):
            value = getattr(module, key)
            if inspect.isclass(value) or inspect.isfunction(value):
                found[f"{name}.{key}"] = value
    return found


OBJECTS = documented()


def test_the_pages_name_the_whole_api() -> None:
    assert len(OBJECTS) > 60
    assert {"bscnet.nn.ShiftedSparseConv3d", "bscnet.runtime.load", "bscnet.prediction.model.load"} <= OBJECTS.keys()


@pytest.mark.parametrize("name", OBJECTS)
def test_the_example_does_what_it_shows(name: str) -> None:
    text = typing.cast(str, inspect.getdoc(OBJECTS[name]))
    test = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    assert test.examples, f"{name} has no example"
    told: list[str] = []
    doctest.DocTestRunner().run(test, out=told.append)
    assert not told, "".join(told)
