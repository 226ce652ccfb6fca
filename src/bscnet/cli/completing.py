"""What is told to a shell that asks how a half-typed command goes on."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
from typing import Any

KEY_VALUE = "KEY=VALUE"
"""How commands call arguments that are overrides of the configuration."""

STUDY = "TABLE"
"""How they call the name of a study."""


def half_typed_command() -> str | None:
    """The sub-command in the line that is being typed; None: there is none yet."""
    words = os.environ.get("COMP_LINE", "").split()[1:]
    return next((word for word in words if not word.startswith("-")), None)


def answer(parser: argparse.ArgumentParser) -> int:
    """Tell the shell and end the process; the exit status where it has not asked in a known way."""
    import argcomplete

    for action in _actions(parser):
        if action.metavar == KEY_VALUE:
            action.completer = overrides_from  # type: ignore[attr-defined]
        elif action.metavar == STUDY:
            action.completer = _studies  # type: ignore[attr-defined]
    argcomplete.autocomplete(parser)
    return 1


def overrides_from(prefix: str, parsed_args: argparse.Namespace, **_: Any) -> list[str]:
    """Overrides that begin so, as Hydra completes them: groups, their choices, keys and paths; and the words of keys.

    Args:
        prefix: of the word that is being typed.
        parsed_args: with the overrides before it.
    """
    from bscnet import run
    from bscnet.settings.check import words_of
    from bscnet.settings.groups import Configuration
    from bscnet.settings.schema import FOLDER

    key, given, _value = prefix.partition("=")
    if given and (words := words_of(Configuration, key)):
        return [word for word in (f"{key}={one}" for one in words) if word.startswith(prefix)]
    before = getattr(parsed_args, "overrides", None) or []
    os.environ["COMP_LINE"] = " ".join(["bscnet", *before, prefix])
    with contextlib.redirect_stdout(io.StringIO()) as told, contextlib.redirect_stderr(io.StringIO()):
        run.main(["-sc", "query=bash"])
    return [word for word in told.getvalue().split() if not word.startswith(FOLDER)]


def _studies(**_: Any) -> list[str]:
    from bscnet.study.table import study_names

    return study_names()


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """The arguments of a parser and of its commands."""
    found = list(parser._actions)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found += [inner for sub in action.choices.values() for inner in sub._actions]
    return found
