"""What a shell is told of half-typed commands, and what it needs to ask."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bscnet import cli
from bscnet.cli.completing import overrides_from


def _completed(line: str, tmp_path: Path) -> set[str]:
    """What `bscnet` answers to argcomplete's code in a shell that completes the line."""
    pytest.importorskip("argcomplete")
    answer = tmp_path / "answer"
    environment = {
        "_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": "\n", "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "COMP_LINE": line, "COMP_POINT": str(len(line)), "COMP_TYPE": "9",
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-m", "bscnet"], env={**os.environ, **environment}, check=False, timeout=100)
    assert done.returncode == 0
    return {word.strip() for word in answer.read_text().split("\n")}


@pytest.mark.parametrize(
    "line, among, beyond",
    [
        ("bscnet ", {"run", "predict", "doctor", "completion"}, {"--json"}),
        ("bscnet doctor --", {"--json", "--only"}, {"--render"}),
        ("bscnet study ", {"rooms", "recipes"}, {"run"}),
        ("bscnet completion ", {"bash", "zsh", "fish"}, {"run"}),
    ],
)
def test_commands_and_their_options_are_completed(line: str, among: set[str], beyond: set[str], tmp_path: Path) -> None:
    found = _completed(line, tmp_path)
    assert among <= found and not beyond & found


def test_overrides_are_completed_in_a_shell(tmp_path: Path) -> None:
    assert _completed("bscnet run -m method=bsc_m", tmp_path) == {"method=bsc_manual"}


@pytest.mark.parametrize(
    "before, prefix, found",
    [
        ([], "method=bsc_", {"method=bsc_baseline", "method=bsc_manual", "method=bsc_net"}),
        ([], "recipe.ep", {"recipe.epochs="}),
        (["recipe=quick"], "see", {"seed="}),
        ([], "method.relax=s", {"method.relax=softmax", "method.relax=supernet"}),
        ([], "method.clip_latent=", {"method.clip_latent=true", "method.clip_latent=false"}),
        ([], "distill.kind=a", {"distill.kind=attention"}),
        ([], "data.root=./no-such-folder/x", set()),
        ([], "nonsense.", set()),
        ([], "schema", set()),
    ],
)
def test_overrides_are_those_of_the_configuration(
    before: list[str], prefix: str, found: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["bscnet"])
    monkeypatch.setenv("COMP_LINE", "")
    assert set(overrides_from(prefix, argparse.Namespace(overrides=before))) == found


def test_the_line_to_type_is_that_of_the_users_shell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("argcomplete")
    monkeypatch.setenv("SHELL", "/usr/bin/zsh")
    assert cli.main(["completion"]) == 0
    assert capsys.readouterr().out.startswith('eval "$(bscnet completion zsh)"')
    assert cli.main(["completion", "bash"]) == 0
    assert "complete " in (code := capsys.readouterr().out) and "bscnet" in code
    monkeypatch.setenv("SHELL", "/bin/csh")
    assert cli.main(["completion"]) == 2
    assert "completion for csh is not known" in capsys.readouterr().err


def test_without_argcomplete_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "argcomplete", None)
    assert cli.main(["completion"]) == 2
    assert "argcomplete" in capsys.readouterr().err


def test_run_is_hydras_program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["bscnet"])
    assert cli.main(["run", "--cfg", "job", "--package", "model", "model=fcn_s"]) == 0
    assert "name: fcn_s" in capsys.readouterr().out
    assert cli.main(["run", "method=nonsense"]) == 2
    assert "method/nonsense" in capsys.readouterr().err
