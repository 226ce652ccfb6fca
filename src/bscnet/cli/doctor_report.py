"""What `bscnet doctor` prints: a table of what was found, and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from bscnet.counted import counted
from bscnet.installation import missing

if TYPE_CHECKING:
    from rich.console import Console


class Finding(NamedTuple):
    """What came out of one check; `advice` is empty where nothing is to be done.

    required: whether nothing works that the check is for, where it fails.
    problems: one sentence each, where there is a list of them.
    """

    name: str
    ok: bool
    required: bool
    detail: str
    advice: str
    problems: tuple[str, ...] = ()

    @property
    def mark(self) -> str:
        """The word for it."""
        return "ok" if self.ok else "FAILS" if self.required else "lacks"


_COLOURS = {"ok": "green", "FAILS": "red", "lacks": "yellow"}


def show(findings: Sequence[Finding], verdicts: Mapping[str, str]) -> None:
    """Print the findings, as a table where rich is installed, and the verdicts below them.

    Args:
        findings: what was found.
        verdicts: what bscnet is used for, and whether it can be here.
    """
    console = console_or_none()
    if console is None:
        for finding in findings:
            advice = f" -> {finding.advice}" if finding.advice else ""
            print(f"{finding.mark:<5}  {finding.name:<17}  {finding.detail}{advice}")
    elif findings:
        from rich.table import Table

        table = Table("", "check", "found", "what to do", title="bscnet doctor")
        for finding in findings:
            mark = f"[{_COLOURS[finding.mark]}]{finding.mark}[/]"
            table.add_row(mark, finding.name, *map(_plain, (finding.detail, finding.advice)))
        console.print(table)
    for use, verdict in verdicts.items():
        print(f"{use}: {verdict}")


def show_problems(finding: Finding) -> None:
    """Print what a check found, and each of its problems."""
    print(f"{finding.name}: {counted(len(finding.problems), 'problem') if finding.problems else finding.detail}")
    for problem in finding.problems:
        print(f"  {problem}")


def console_or_none() -> Console | None:
    """The terminal; None: rich is not installed, and plain lines have to do."""
    if missing("rich"):
        return None
    from rich.console import Console

    return Console()


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
