from __future__ import annotations

from pathlib import Path

import pytest

from bscnet.errors import InputError
from bscnet.viz.curves import chain_curves, curves_figure, read_curves


def write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    header = "epoch,step,lr,train/loss_epoch,val/loss,val/miou"
    write(
        tmp_path / "stage1" / "csv" / "version_0" / "metrics.csv",
        [header, "0,9,,3.0,,", "0,9,0.001,,2.9,0.10", "1,19,0.001,2.0,2.1,0.20", "2,29,0.001,9.0,9.0,0.90"],
    )
    # The run that went on after an interruption in epoch 2.
    write(
        tmp_path / "stage1" / "csv" / "version_1" / "metrics.csv",
        [header, "2,29,0.001,1.5,1.6,0.30", "3,39,0.0001,1.2,nan,0.35"],
    )
    write(tmp_path / "stage2" / "csv" / "version_0" / "metrics.csv", [header, "0,9,0.0002,1.4,1.5,0.33"])
    (tmp_path / "stage2" / "checkpoints").mkdir()
    return tmp_path


def test_interrupted_stage_is_joined_and_the_later_run_counts(chain: Path) -> None:
    curves = read_curves(chain / "stage1")
    assert curves["val/miou"] == [(0, 0.10), (1, 0.20), (2, 0.30), (3, 0.35)]
    assert curves["train/loss_epoch"] == [(0, 3.0), (1, 2.0), (2, 1.5), (3, 1.2)]


def test_figure_has_a_column_for_each_stage(chain: Path, tmp_path: Path) -> None:
    curves = chain_curves(chain)
    assert list(curves) == ["stage1", "stage2"]
    figure = curves_figure(curves, title="chain")
    assert len(figure.axes) == 6
    miou = figure.axes[2].lines[0]
    assert list(miou.get_xdata()) == [1, 2, 3, 4]
    assert list(miou.get_ydata()) == pytest.approx([10, 20, 30, 35])
    figure.savefig(tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 5000


def test_what_is_no_chain_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="stage1, stage2"):
        chain_curves(tmp_path)
    (tmp_path / "stage1").mkdir()
    with pytest.raises(InputError, match=r"stage1 has no csv/version_\*/metrics\.csv"):
        chain_curves(tmp_path)
    write(tmp_path / "stage1" / "csv" / "version_0" / "metrics.csv", ["a,b", "1,2"])
    with pytest.raises(InputError, match="no column `epoch`"):
        read_curves(tmp_path / "stage1")
