from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from bscnet.viz.fonts import letters
from bscnet.viz.sheet import MARGIN, compose, trimmed

PINK = np.full((120, 160, 3), (250, 10, 250), np.uint8)


def rows_with(image: np.ndarray, kind: np.ndarray) -> list[tuple[int, int]]:
    """First and last row of every run of rows in which the mask has a pixel."""
    rows = np.flatnonzero(kind.any(axis=1))
    parts = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    return [(int(part[0]), int(part[-1])) for part in parts]


@pytest.mark.parametrize("panels", [1, 2, 4])
@pytest.mark.parametrize("heading", ["short", "a heading of many words that has to be broken into lines to fit"])
def test_nothing_touches(panels: int, heading: str) -> None:
    names = ["input", "truth", "prediction", "errors, a long title"][:panels]
    legend = [(f"class {number}", (10, 200, 10)) for number in range(11)]
    image = np.asarray(compose(heading, dict.fromkeys(names, PINK), legend))
    assert (image[[0, -1]] == 255).all() and (image[:, [0, -1]] == 255).all()
    pink = (image == PINK[0, 0]).all(axis=2)
    assert pink.sum() == panels * 120 * 160  # whole, and written on by nobody
    runs = rows_with(image, image.min(axis=2) < 250)
    pictures = [run for run in runs if run[1] - run[0] == 119]
    assert len(pictures) == -(-panels // 2)
    titles = [runs[runs.index(picture) - 1] for picture in pictures]
    heading_end = runs[runs.index(titles[0]) - 1][1]
    assert titles[0][0] - heading_end >= MARGIN
    for title, picture in zip(titles, pictures, strict=True):
        assert picture[0] - title[1] >= 3 and title[1] - title[0] < 25
    assert len(titles) == 1 or titles[1][0] - pictures[0][1] >= MARGIN


def test_names_of_other_scripts_are_written_in_their_letters() -> None:
    """A letter the font lacks has the mark of U+FFFD; those of European languages are all there."""
    unknown = letters(30).getmask("\ufffe").getbbox(), bytes(letters(30).getmask("\ufffe"))
    for letter in "äßéÆłžğőøСтенаΕλ°×–“”…%→":
        mask = letters(30).getmask(letter)
        assert (mask.getbbox(), bytes(mask)) != unknown, letter


def test_long_names_make_the_sheet_wide_enough() -> None:
    legend = [("a class with a name much longer than the picture is wide", (1, 2, 3)), ("b", (4, 5, 6))]
    image = np.asarray(compose("", {"x": PINK[:, :30]}, legend))
    assert (image[:, -MARGIN:] == 255).all() and (image[:, :MARGIN] == 255).all()
    assert {(1, 2, 3), (4, 5, 6)} <= set(map(tuple, image.reshape(-1, 3).tolist()))


def test_shared_white_borders_go() -> None:
    first, second = np.full((2, 20, 30, 3), 255, np.uint8)
    first[5, 6] = 0
    second[9, 3:5] = 100
    found = trimmed({"a": first, "b": second})
    assert [picture.shape for picture in found.values()] == [(5, 4, 3)] * 2
    assert (found["a"][0, 3] == 0).all() and (found["b"][4, :2] == 100).all()
    blank = {"a": np.full((4, 4, 3), 255, np.uint8)}
    assert trimmed(blank)["a"].shape == (4, 4, 3)
    assert isinstance(compose("", trimmed(blank), []), Image.Image)
