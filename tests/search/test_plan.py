from __future__ import annotations

import json
from pathlib import Path

import pytest

from bscnet.errors import InputError
from bscnet.search import ShiftPlan

PLAN = ShiftPlan({"levels.a.conv": ((0, 0, 0), (1, -1, 0)), "levels.b.conv": ((-1, -1, -1),)})


def test_a_saved_plan_comes_back(tmp_path: Path) -> None:
    PLAN.save(tmp_path / "plan.json")
    assert ShiftPlan.load(tmp_path / "plan.json") == PLAN == ShiftPlan.load(str(tmp_path / "plan.json"))
    assert list(ShiftPlan.load(tmp_path / "plan.json").shifts) == list(PLAN.shifts)


def body(**changes: object) -> str:
    return json.dumps({"format": "bscnet shift plan 1", "shifts": {"a": [[0, 0, 0]]}} | changes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "3",
        "{}",
        body()[:-5],
        body(format="bscnet shift plan 9"),
        body(shifts=None),
        body(shifts=[[0, 0, 0]]),
        body(shifts={"a": []}),
        body(shifts={"a": None}),
        body(shifts={"a": "xyz"}),
        body(shifts={"a": [[0, 0]]}),
        body(shifts={"a": [[0, 0, 2]]}),
        body(shifts={"a": [[0, 0, 0.5]]}),
        body(shifts={"a": [[0, 0, 0], [0, 0]]}),
        body(shifts={"a": [["0", "0", "1"]]}),
    ],
)
def test_what_is_no_plan_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"plan\.json is not a shift plan") as error:
        ShiftPlan.load(path)
    assert "\n" not in str(error.value)


def test_files_that_are_not_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(b"\xff\xfe\x00PK\x03\x04")
    with pytest.raises(InputError, match=r"plan\.json is not a shift plan"):
        ShiftPlan.load(path)
    with pytest.raises(InputError, match="is not a shift plan"):
        ShiftPlan.load(tmp_path)
    with pytest.raises(InputError, match=r"none\.json does not exist"):
        ShiftPlan.load(tmp_path / "none.json")


def test_the_message_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(body(shifts={"a": [[0, 0, 2]]}))
    with pytest.raises(InputError, match="each component must be -1, 0 or 1"):
        ShiftPlan.load(path)
