"""The doctor: finds what is broken, survives what crashes, and its status says whether what is installed works."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bscnet import cli, nn
from bscnet.cli import doctor, doctor_report, probes, step_table
from bscnet.cli.doctor import Finding
from bscnet.sparse import tiles
from fixtures.composed import compose_settings
from fixtures.scannet_files import write_root
from fixtures.simulated_cuda import simulated_cuda


def finding(name: str = "x", ok: bool = True, required: bool = True) -> Finding:
    return Finding(name, ok, required, "what [was] found", "" if ok else "mend it")


@pytest.mark.parametrize(
    "findings, ready",
    [
        ([finding(), finding(ok=False, required=False)], True),
        ([finding(), finding(ok=False, required=True)], False),
    ],
)
def test_status_and_json_say_whether_what_is_installed_works(
    findings: list[Finding], ready: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    results = iter(findings)
    monkeypatch.setattr(doctor, "measured_steps", lambda: {"native": 0.5, "torch": 1.25})
    probe = probes.PROBES["torch backend"]
    monkeypatch.setattr(doctor, "PROBES", {f"check {number}": probe for number in range(len(findings))})
    monkeypatch.setattr(doctor, "run_probe", lambda name: next(results))
    assert cli.main(["doctor", "--json"]) == (0 if ready else 1)
    told = json.loads(capsys.readouterr().out)
    assert told["ready"] is ready and told["step_seconds"] == {"native": 0.5, "torch": 1.25}
    assert told["checks"] == [{**entry._asdict(), "problems": []} for entry in findings]


def test_table_shows_text_as_it_is_and_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    doctor.show([finding("engine", ok=False, required=False)], {"predict": "works"})
    out = capsys.readouterr().out
    assert "what [was] found" in out and "mend it" in out and "lacks" in out
    assert out.endswith("predict: works\n")


def test_lines_do_where_rich_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor_report, "missing", lambda *names: list(names))
    doctor.show([finding("engine"), finding("formats", ok=False, required=False)], {"predict": "works"})
    first, second, verdict = capsys.readouterr().out.splitlines()
    assert first.split() == ["ok", "engine", "what", "[was]", "found"]
    assert second.startswith("lacks  formats") and second.endswith("found -> mend it")
    assert verdict == "predict: works"


@pytest.mark.parametrize(
    "failing, training, predicting, trains",
    [
        ([], True, "works", "works"),
        (["formats"], True, "works", "works"),
        (["torch backend", "data"], True, "works", "mended: torch backend, data"),
        (["engine"], True, "mended: engine", "mended: engine"),
        (["engine"], False, "mended: engine", "not installed"),
        ([], False, "works", "not installed"),
    ],
)
def test_each_use_has_a_verdict(failing: list[str], training: bool, predicting: str, trains: str) -> None:
    names = [*probes.PROBES, "data"]
    findings = [finding(name, name not in failing, name == "data" or probes.PROBES[name].required) for name in names]
    told = doctor.verdicts(findings, training)
    assert predicting in told["predict"] and trains in told["train"]
    assert doctor.ready(findings) == (not set(failing) - {"formats"})


def test_without_training_nothing_of_it_is_tried(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = _recorded(monkeypatch)
    monkeypatch.setattr(doctor, "in_checkout", lambda: False)
    monkeypatch.setattr(doctor, "training_installed", lambda: False)
    monkeypatch.setattr(doctor, "how_to_install", lambda extra: f"pip install 'bscnet[{extra}]'")
    assert cli.main(["doctor"]) == 0
    assert made and {probes.PROBES[name].use for name in made} == {"predict"}
    assert capsys.readouterr().out.endswith("predict: works\ntrain: not installed: pip install 'bscnet[train]'\n")


def test_steps_of_all_backends_are_a_table_with_ratios(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "PROBES", {})
    monkeypatch.setattr(doctor, "measured_steps", lambda: {"minkowski": 0.1234, "native": 0.05})
    assert cli.main(["doctor"]) == 0
    rows = [line.split("│")[1:-1] for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    cells = [[cell.strip() for cell in row] for row in rows]
    assert cells[-2:] == [["native", "50", "1.0"], ["minkowski", "123", "2.5"]]
    monkeypatch.setattr(doctor, "measured_steps", lambda: {})
    assert cli.main(["doctor"]) == 0 and "training step" not in capsys.readouterr().out


def test_steps_are_measured_on_every_backend_that_serves() -> None:
    found = step_table.measured_steps()
    assert {"native", "torch"} <= found.keys() <= {"minkowski", "native", "torch"}
    assert all(0 < seconds < 100 for seconds in found.values())


def test_steps_that_cannot_be_measured_are_left_out(broken: Callable[..., None], tmp_path: Path) -> None:
    broken("")
    (tmp_path / "torch.py").write_text("raise OSError('no torch')")
    assert step_table.measured_steps() == {}


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts code in the place of a module, in the probes' processes alone."""

    def put(code: str, module: str = "open3d") -> None:
        (tmp_path / f"{module}.py").write_text(code)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    return put


def test_import_that_fails_is_a_finding_with_advice(broken: Callable[..., None]) -> None:
    broken("raise OSError('libusb-1.0.so.0: cannot open shared object file')")
    found = doctor.run_probe("open3d")
    assert not found.ok and found.required
    assert found.detail == "OSError: libusb-1.0.so.0: cannot open shared object file"
    assert "libusb-1.0-0" in found.advice


def test_crash_is_a_finding(broken: Callable[..., None]) -> None:
    broken("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    found = doctor.run_probe("open3d")
    assert not found.ok and found.required
    assert "crashed with signal 11" in found.detail


def test_pictures_are_drawn_here_and_predicting_works_without(broken: Callable[..., None]) -> None:
    found = doctor.run_probe("pictures")
    assert found.ok and "Pillow" in found.detail
    broken("raise ImportError('no libfreetype')", "PIL")
    found = doctor.run_probe("pictures")
    assert (found.ok, found.required, found.detail) == (False, False, "ImportError: no libfreetype")


def test_hang_is_a_finding(broken: Callable[..., None]) -> None:
    broken("import time; time.sleep(60)")
    found = doctor.run_probe("open3d", timeout_s=1)
    assert not found.ok and "no answer after 1 s" in found.detail


@pytest.mark.parametrize("name", [name for name, probe in probes.PROBES.items() if probe.required])
def test_what_has_to_work_works_here(name: str) -> None:
    found = doctor.run_probe(name)
    assert found.ok, found.detail


@pytest.mark.minkowski
def test_minkowski_backend_is_compared_with_torch() -> None:
    found = doctor.run_probe("minkowski backend")
    assert found.ok and "agrees with torch" in found.detail, found.detail


def test_native_backend_says_what_it_runs_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BSCNET_IMPLEMENTATION", "scalar")
    monkeypatch.setenv("BSCNET_TILES", "emulated")
    found = doctor.run_probe("native backend")
    assert found.ok and "(scalar kernels, tiles emulated) agrees with torch" in found.detail, found.detail
    monkeypatch.setenv("BSCNET_TILES", "abacus")
    found = doctor.run_probe("native backend")
    assert not found.ok and "BSCNET_TILES is 'abacus'" in found.detail


def test_wrong_convolution_is_noticed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(nn.SparseConv3d, "forward", lambda self, x: x)
    assert probes.main("torch backend") == 1
    assert "gave [1.0, 10.0, 100.0]" in capsys.readouterr().err


def test_wrong_gradients_are_noticed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    forward = nn.SparseConv3d.forward
    monkeypatch.setattr(
        nn.SparseConv3d, "forward", lambda self, x: (y := forward(self, x)).replace(2 * y.feats - y.feats.detach())
    )
    assert probes.main("torch backend") == 1
    assert "gave its features the gradient [8.0, 8.0, 4.0] in place of [4, 4, 2]" in capsys.readouterr().err


@pytest.mark.parametrize("triton", [True, False])
def test_torch_backend_is_tried_on_the_device_that_is_named(
    triton: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tiles, "available", lambda: triton)
    with simulated_cuda() as device:
        assert probes.main("torch backend") == 0
    out = capsys.readouterr().out
    assert ", simulated; a convolution by " + ("Triton kernels" if triton else "torch's operators") + " is right" in out
    assert device.now.launches.total() > 0


def test_a_device_that_fails_is_a_finding(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(*words: object) -> None:
        raise RuntimeError("CUDA error: no kernel image is available")

    with simulated_cuda():
        monkeypatch.setattr(nn.SparseConv3d, "apply_kernel", refuse)
        assert probes.main("torch backend") == 1
    assert capsys.readouterr().err == "RuntimeError: CUDA error: no kernel image is available\n"


def test_every_problem_of_a_data_set_fails_the_check(tmp_path: Path) -> None:
    found = doctor.check_data(compose_settings("data=scannet", f"data.root={tmp_path}"))
    assert not found.ok and found.required
    assert str(tmp_path) in found.advice


@pytest.mark.parametrize(
    "removed, told", [(["scene1000_00"], "1 problem"), (["scene0000_00", "scene1000_00"], "2 problems")]
)
def test_every_problem_of_a_data_set_is_named(
    removed: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_root(tmp_path, train=2, val=1)
    for name in removed:
        (root / "scans" / name / f"{name}_vh_clean_2.ply").unlink()
    found = doctor.check_data(compose_settings("data=scannet", f"data.root={root}"))
    assert len(found.problems) == len(removed) and found.detail.startswith(told)
    doctor.show_problems(found)
    lines = capsys.readouterr().out.splitlines()
    assert f"data: {told}" in lines
    assert [line.strip() for line in lines if line.startswith("  /")] == list(found.problems)
    assert all(any(f"{name}_vh_clean_2.ply" in line for line in found.problems) for name in removed)


def _recorded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which checks are made, in order; none of them does anything."""
    made: list[str] = []

    def probe(name: str) -> Finding:
        made.append(name)
        return finding(name)

    def data(*_: object) -> Finding:
        made.append("data")
        return finding("data")

    monkeypatch.setattr(doctor, "run_probe", probe)
    monkeypatch.setattr(doctor, "check_data", data)
    monkeypatch.setattr(doctor, "measured_steps", lambda: made.append("steps") or {})
    return made


def test_data_are_checked_before_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    made = _recorded(monkeypatch)
    assert cli.main(["doctor", "data=rooms"]) == 0
    assert made[0] == "data" and set(made) == {"data", *probes.PROBES, "steps"}


def test_single_checks_can_be_asked_for(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    made = _recorded(monkeypatch)
    assert cli.main(["doctor", "data=rooms", "--only", "data"]) == 0
    assert made == ["data"] and "predict:" not in capsys.readouterr().out
    assert cli.main(["doctor", "--only", "openblas", "--only", "python"]) == 0
    assert set(made[1:]) == {"python", "openblas"}


@pytest.mark.parametrize("words, told", [(["data"], "has to know which"), (["dat"], "--only 'dat' is no check")])
def test_a_check_that_cannot_be_made_is_one_sentence(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["doctor", "--only", *words]) == 2
    assert told in capsys.readouterr().err


def test_a_data_set_that_is_whole_passes(tmp_path: Path) -> None:
    assert doctor.check_data(compose_settings("data=scannet", f"data.root={write_root(tmp_path)}")).ok


def test_rooms_need_nothing_beforehand(tmp_path: Path) -> None:
    assert doctor.check_data(compose_settings("data=rooms", f"data.root={tmp_path}")).ok


@pytest.mark.parametrize("override", ["data=nonsense", "data.nonsense=1", "nonsense"])
def test_bad_override_is_refused_before_anything_is_tried(
    override: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tried: list[str] = []
    monkeypatch.setattr(doctor, "run_probe", tried.append)
    assert cli.main(["doctor", override]) == 2
    shown = capsys.readouterr()
    assert "nonsense" in shown.err and shown.err.count("\n") == 1
    assert tried == [] and shown.out == ""


def test_python_reports_this_interpreter() -> None:
    assert doctor.run_probe("python").detail.startswith(sys.version.split()[0])
