"""The document of a study, and the same as plain values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from statistics import fmean
from typing import Any

from bscnet.study.cases import Case
from bscnet.study.findings import Answer, ArmResult, Section
from bscnet.study.record import Record, plain
from bscnet.study.statistics import LEVEL, Paired, Summary
from bscnet.study.table import Table
from bscnet.viz.markdown import table as aligned

Column = tuple[str, Callable[[ArmResult], str]]


def as_values(table: Table, sections: Sequence[Section], records: Mapping[Case, Record]) -> dict[str, Any]:
    """Everything as plain values: the table, its findings, and a record for each chain."""
    return {
        "study": table.name,
        "title": table.title,
        "arms": {arm.name: {"about": arm.about, "overrides": list(arm.overrides)} for arm in table.arms.values()},
        "sections": [_section_values(section) for section in sections],
        "chains": [plain(record) for record in records.values()],
    }


def document(table: Table, sections: Sequence[Section], command: str, figure: str) -> str:
    """The whole Markdown file; command: that makes it, figure: the file beside it."""
    parts = [f"# {table.title}", f"Made by `{command}`."]
    parts += [table.about] if table.about else []
    parts += [f"Every chain: `{' '.join(table.common)}`.", _arms_text(table)]
    for section in sections:
        parts += [_heading(section)] if section.overrides else []
        parts += section_parts(table, section)
    commits = sorted({str(r.commit) for s in sections for arm in s.arms.values() for r in arm.all_records})
    parts += [f"![every seed]({figure})", _reading(table), f"Commits: {', '.join(commits) or 'none'}."]
    return "\n\n".join(parts) + "\n"


def section_parts(table: Table, section: Section) -> list[str]:
    """A section's tables: arms, stages, questions; and which of its chains are missing."""
    parts = []
    if section.arms:
        parts += [_lined_up(_columns(table, section), list(section.arms.values()))]
        staged = [arm for arm in section.arms.values() if any(len(r.stages) > 1 for r in arm.all_records)]
        parts += ["After each stage:", _stage_table(staged)] if staged else []
    if section.answers:
        parts.append(_question_table(section.answers))
    if section.missing:
        parts.append(f"Missing: {len(section.missing)} chains, the first of them {section.missing[0]}.")
    return parts


def _arms_text(table: Table) -> str:
    rows = [
        f"- `{arm.name}`: {arm.about}{': ' if arm.about else ''}{_typed(arm.overrides)}" for arm in table.arms.values()
    ]
    return "\n".join(rows)


def _typed(overrides: Sequence[str]) -> str:
    return f"`{' '.join(overrides)}`" if overrides else "nothing else"


def _heading(section: Section) -> str:
    return f"## {', '.join(section.overrides)}"


def _columns(table: Table, section: Section) -> list[Column]:
    columns: list[Column] = [
        ("arm", lambda arm: f"`{arm.arm.name}`"),
        ("epochs", lambda arm: _range([record.epochs for record in arm.all_records])),
        ("seeds", lambda arm: str(arm.summary.count)),
        ("val mIoU, %", lambda arm: _with_std(arm.summary)),
        ("95 % interval", lambda arm: _interval(arm.summary)),
    ]
    if table.reference is not None:
        columns.append((f"against `{table.reference}`", lambda arm: _difference(arm.against)))
    columns += [
        ("accuracy, %", lambda arm: _percent(arm.mean("acc"))),
        ("mean accuracy, %", lambda arm: _percent(arm.mean("macc"))),
        ("OPs, M", lambda arm: f"{_cost(arm, 'ops_executed') / 1e6:,.1f}"),
        ("weights, KiB", lambda arm: f"{_cost(arm, 'weight_bytes') / 1024:,.0f}"),
        ("time, s", lambda arm: f"{fmean(record.seconds for record in arm.all_records):.0f}"),
    ]
    if any(record.search for arm in section.arms.values() for record in arm.all_records):
        columns.append(("max pi", _certainty))
    return columns


def _stage_table(arms: Sequence[ArmResult]) -> str:
    longest = max(len(record.stages) for arm in arms for record in arm.all_records)

    def column(place: int) -> Column:
        def cell(arm: ArmResult) -> str:
            rows = [record.stages[place] for record in arm.all_records if place < len(record.stages)]
            if not rows:
                return ""
            return f"{rows[0]['name']} ({rows[0]['epochs']}): {_percent(fmean(row['miou'] for row in rows))}"

        return f"stage {place + 1} (epochs): mIoU, %", cell

    columns: list[Column] = [("arm", lambda arm: f"`{arm.arm.name}`")]
    return _lined_up([*columns, *(column(place) for place in range(longest))], arms)


def _question_table(answers: Sequence[Answer]) -> str:
    heads = ["question", "arms", "difference", "seeds above", "sign test p", "t-test p", "Holm p", "answer"]
    rows = []
    for one in answers:
        found = one.difference
        rows.append(
            [
                one.question.name,
                f"`{one.question.better}` − `{one.question.worse}`",
                _difference(found),
                "" if found is None else f"{found.wins} of {found.summary.count}",
                _p(None if found is None else found.sign_p),
                _p(None if found is None else found.p),
                _p(one.corrected),
                f"**{one.verdict}**",
            ]
        )
    return "\n".join(aligned(heads, rows, left=2))


def _reading(table: Table) -> str:
    folds = ", mean over the folds of each seed" if table.folds else ""
    return (
        f"val mIoU: of the last stage's last checkpoint{folds}; mean ± sample standard deviation over seeds. "
        f"Intervals: {100 * (1 - LEVEL):g} % by Student's t; differences are paired by seed. A question is shown, or "
        f"the other way round, where Holm's corrected p of the paired t-test is below {LEVEL:g}. OPs = FLOPs + BOPs / "
        "64 that the final network executes for a validation scene; weights as stored, 1-bit ones in one bit; max pi: "
        "mean weight of the largest shift of each group at the end of the search. Time: training and scoring, chains "
        "side by side."
    )


def _section_values(section: Section) -> dict[str, Any]:
    return {
        "overrides": list(section.overrides),
        "arms": {
            name: {
                "miou": {str(seed): value for seed, value in arm.miou.items()},
                **asdict(arm.summary),
                "against_reference": None if arm.against is None else asdict(arm.against),
            }
            for name, arm in section.arms.items()
        },
        "questions": [
            {
                **asdict(one.question),
                "difference": None if one.difference is None else asdict(one.difference),
                "holm_p": one.corrected,
                "answer": one.verdict,
            }
            for one in section.answers
        ],
        "missing": [str(case) for case in section.missing],
    }


def _lined_up(columns: Sequence[Column], arms: Sequence[ArmResult]) -> str:
    rows = [[cell(arm) for _, cell in columns] for arm in arms]
    return "\n".join(aligned([head for head, _ in columns], rows, left=1))


def _range(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low} to {high}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.2f}"


def _with_std(summary: Summary) -> str:
    return _percent(summary.mean) + ("" if summary.std is None else f" ± {_percent(summary.std)}")


def _interval(summary: Summary) -> str:
    if summary.half is None:
        return ""
    return f"{_percent(summary.mean - summary.half)} to {_percent(summary.mean + summary.half)}"


def _difference(found: Paired | None) -> str:
    if found is None:
        return ""
    half = "" if found.summary.half is None else f" ± {_percent(found.summary.half)}"
    return f"{100 * found.summary.mean:+.2f}{half}"


def _p(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}" if value >= 0.001 else "< 0.001"


def _cost(arm: ArmResult, name: str) -> float:
    return fmean(record.costs[name] for record in arm.all_records)


def _certainty(arm: ArmResult) -> str:
    found = [record.search["max_pi"] for record in arm.all_records if record.search]
    return f"{fmean(found):.2f}" if found else ""
