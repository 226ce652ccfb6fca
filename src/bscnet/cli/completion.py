"""`bscnet completion`: what a shell needs to complete the words of bscnet's commands with the tab key."""

from __future__ import annotations

import argparse
import os

from bscnet.errors import InputError

SHELLS = ("bash", "zsh", "fish")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "shell", nargs="?", choices=SHELLS, help="print the code for it; without one: the line to type in your shell"
    )


def main(args: argparse.Namespace) -> int:
    """Print the code for a shell, or the line that loads it."""
    import argcomplete

    if args.shell is not None:
        print(argcomplete.shellcode(["bscnet"], shell=args.shell))
        return 0
    print(_line(os.environ.get("SHELL", "bash").rpartition("/")[2]))
    return 0


def _line(shell: str) -> str:
    if shell not in SHELLS:
        raise InputError(f"completion for {shell} is not known: bscnet completion {' | '.join(SHELLS)}")
    if shell == "fish":
        return "bscnet completion fish | source    # in ~/.config/fish/config.fish it stays"
    return f'eval "$(bscnet completion {shell})"    # in ~/.{shell}rc it stays'
