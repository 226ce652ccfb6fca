"""The dispatcher: finds commands lazily, turns input errors into one line and status 2."""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import types

import pytest

import bscnet
from bscnet import cli
from bscnet.errors import InputError


def offer(monkeypatch: pytest.MonkeyPatch, action: object) -> None:
    module = types.ModuleType("bscnet.cli.probe")
    module.add_arguments = lambda parser: parser.add_argument("--times", type=int, default=1)  # type: ignore[attr-defined]
    module.main = action  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "bscnet.cli.probe", module)
    monkeypatch.setattr(cli, "COMMANDS", (cli.Command("probe", "a command of this test"),))


def test_command_gets_its_arguments_and_gives_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[argparse.Namespace] = []

    def action(args: argparse.Namespace) -> int:
        seen.append(args)
        return 7

    offer(monkeypatch, action)
    assert cli.main(["probe", "--times", "3"]) == 7
    assert seen[0].times == 3


def fail(args: argparse.Namespace) -> int:
    raise InputError("scan.ply has no faces; a mesh with faces is needed")


def test_input_error_is_one_line_and_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("BSCNET_TRACEBACK", raising=False)
    offer(monkeypatch, fail)
    assert cli.main(["probe"]) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", "error: scan.ply has no faces; a mesh with faces is needed\n")


def test_traceback_is_shown_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BSCNET_TRACEBACK", "1")
    offer(monkeypatch, fail)
    with pytest.raises(InputError, match="no faces"):
        cli.main(["probe"])


@pytest.mark.parametrize("words", [[], ["nonsense"]])
def test_missing_or_unknown_command_names_the_choices(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(words)
    assert stop.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


@pytest.mark.parametrize("command", cli.COMMANDS, ids=lambda command: command.name)
def test_every_listed_command_has_its_module(command: cli.Command) -> None:
    assert importlib.util.find_spec(f"bscnet.cli.{command.name}") is not None
    parser = cli.build_parser(command.name)
    with pytest.raises(SystemExit) as stop:
        parser.parse_args([command.name, "--help"])
    assert stop.value.code == 0


def test_help_imports_neither_torch_nor_a_command() -> None:
    code = (
        "import sys, bscnet.cli\n"
        "try: bscnet.cli.main(['--help'])\n"
        "except SystemExit as stop: assert stop.code == 0\n"
        "heavy = {'torch', 'open3d', 'numpy', 'rich'} & set(sys.modules)\n"
        "heavy |= {name for name in sys.modules if name.startswith('bscnet.cli.')}\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(command.name in done.stdout for command in cli.COMMANDS)


def test_module_entry_gives_the_version() -> None:
    done = subprocess.run([sys.executable, "-m", "bscnet", "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"bscnet {bscnet.__version__}\n")
