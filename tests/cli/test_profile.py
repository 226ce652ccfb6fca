from __future__ import annotations

import json
from pathlib import Path

import pytest

from bscnet.cli import main
from bscnet.search import ShiftPlan
from fixtures.scannet_files import write_root

LAYER_KEYS = {
    "name", "kind", "level", "in_channels", "out_channels", "precision", "params_real", "params_1bit", "params_aux",
    "sites", "pairs", "macs_nominal", "macs_executed", "flops", "bops", "ops", "elementwise", "bytes", "aux_bytes",
}  # fmt: skip
SMALL = ("model.network.m=4", "model.network.depth=2")
TOTALS = {"params_real", "params_1bit", "params_aux", "flops", "bops", "ops", "bytes"}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_root(tmp_path_factory.mktemp("scannet"), train=1, val=2, points=400, size=0.6)


def command(root: Path, *more: str) -> list[str]:
    return ["profile", "model=unet_s", "data=scannet", f"data.root={root}", *more]


def answer(capsys: pytest.CaptureFixture[str], words: list[str]) -> dict[str, dict[str, float]]:
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_json_has_the_contracts_shape_and_profiles_the_last_stage(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(capsys, command(root, "method=bsc_manual"))
    assert found.keys() == {"layers", "totals"}
    assert found["totals"].keys() == TOTALS
    assert all(set(layer) == LAYER_KEYS for layer in found["layers"])
    for key in TOTALS:
        assert found["totals"][key] == pytest.approx(sum(layer[key] for layer in found["layers"]))
    totals = found["totals"]
    assert totals["params_1bit"] == 4_327_680 and totals["params_real"] == 58_980
    assert totals["ops"] == pytest.approx(totals["flops"] + totals["bops"] / 64)
    assert totals["bytes"] == (32 * totals["params_real"] + totals["params_1bit"]) / 8
    assert {layer["kind"] for layer in found["layers"]} >= {"sfsc", "ssc", "pointwise", "down", "up", "linear"}


def test_stage_and_method_choose_the_network(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = answer(capsys, command(root, "method=bsc_net", "stage=1", *SMALL))
    assert {"composite"} <= {layer["kind"] for layer in first["layers"]}
    assert first["totals"]["bops"] == 0 and first["totals"]["params_1bit"] == 0
    last, real = (answer(capsys, command(root, f"method={m}", *SMALL))["totals"] for m in ("bsc_net", "real"))
    assert last["params_1bit"] > 0 and last["bops"] > 0
    assert real["params_real"] == last["params_real"] + last["params_1bit"]
    assert real["bops"] == 0


def test_mean_over_the_scenes_asked_for(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = answer(capsys, [*command(root, *SMALL), "--scenes", "1"])["layers"][0]["sites"]
    both = answer(capsys, command(root, *SMALL))["layers"][0]["sites"]
    assert one != both
    assert float(2 * both).is_integer()


def test_searched_shifts_come_from_the_plan(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    without = command(root, "method=bsc_net", *SMALL)
    assert main([*without, "--json"]) == 0
    printed = capsys.readouterr()
    assert "no shift_plan=" in printed.err
    shifted = [layer["name"] for layer in json.loads(printed.out)["layers"] if layer["kind"] == "sfsc"]
    plan = tmp_path / "plan.json"
    ShiftPlan(dict.fromkeys(shifted, ((1, 1, 1), (-1, -1, -1), (1, -1, 1), (0, 0, 0)))).save(plan)
    with_plan = answer(capsys, [*without, f"shift_plan={plan}"])
    layers = [layer for layer in with_plan["layers"] if layer["kind"] == "sfsc"]
    assert [layer["name"] for layer in layers] == shifted
    assert layers[0]["macs_executed"] < layers[0]["macs_nominal"]


def test_table_lines_up_and_is_not_cut(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(root, "method=bsc_baseline")) == 0
    text = capsys.readouterr().out
    assert "bsc_baseline stage 2 (weights: a1w1, plain); mean of 2 validation scenes of scannet at 5 cm" in text
    assert "…" not in text
    rows = [line for line in text.splitlines() if ".conv " in line]
    # 2 layers on 7 + 6 levels, 6 projections, 6 Conv and 6 DeConv with a 1x1 each
    assert len(rows) == 26 + 6 + 12 + 12
    assert len({len(row) for row in rows}) == 1
    assert "4,327,680" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["profile", "model=unet_q"], "model/unet_q"),
        (["profile", "stage=4"], "stage=4 is not a stage of method bsc_net"),
        (["profile", "modle=unet_s"], "modle"),
        (["profile", "--scenes", "0"], "--scenes 0 is not allowed"),
        (["profile", "data=scannet", "data.root=/nowhere"], "/nowhere"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    printed = capsys.readouterr()
    assert message in printed.err and printed.err.startswith("error: ")
    assert len(printed.err.strip().splitlines()) == 1
    assert printed.out == ""


def test_overrides_may_stand_on_both_sides_of_an_option(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "model=unet_s", "--json", "data=scannet", f"data.root={root}", *SMALL]) == 0
    late = json.loads(capsys.readouterr().out)
    assert late == answer(capsys, command(root, *SMALL))


@pytest.mark.parametrize("words", [["--jason"], ["--scenes", "1", "model"]])
def test_unknown_words_are_refused(words: list[str], root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([*command(root, *SMALL), *words])
    assert stop.value.code == 2
    assert "unrecognized arguments" in capsys.readouterr().err
