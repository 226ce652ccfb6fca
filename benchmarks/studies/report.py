"""The studies in short: arms and answers of each, and what the index and the front page tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.common.tables import hundredths, plain_table

MAIN = "rooms"
"""The study that the index and the front page tell."""
_NOT_MADE = "The study of rooms has not been made yet."


def document(found: Mapping[str, Any]) -> str:
    """The whole Markdown file."""
    parts = [
        "# Studies",
        "Made by `python -m benchmarks.studies`; how they are decided: [docs/study.md](../docs/study.md).",
    ]
    for study in found["studies"]:
        parts += [f"## {study['title']}", f"Every arm, stage and seed: [{study['study']}](study/{study['study']}.md)."]
        parts += [part for section in study["sections"] for part in _section(section)]
    return "\n\n".join(parts) + "\n"


def summary(found: Mapping[str, Any]) -> str:
    """The short form for the index of the benchmarks."""
    study = _main(found)
    if study is None:
        return _NOT_MADE
    parts = [part for section in study["sections"] for part in _section(section)]
    link = f"Every arm, stage and seed: [study/{MAIN}.md](study/{MAIN}.md); others: [study.md](study.md)."
    return "\n\n".join([f"{study['title']} Simulated rooms, not ScanNet.", *parts, link])


def front(found: Mapping[str, Any]) -> str:
    """The arms of the main study for the front page in words, and its answers in a line."""
    study = _main(found)
    if study is None:
        return _NOT_MADE
    (section,) = study["sections"]
    rows = [[study["arms"][name], str(arm["count"]), _score(arm)] for name, arm in section["arms"].items()]
    arms = plain_table(("method", "seeds", "val mIoU, %"), rows, left=1).rstrip()
    answers = "; ".join(f"{question['name']}: **{question['answer']}**" for question in section["questions"])
    return f"{arms}\n\n{answers[:1].upper()}{answers[1:]}."


def _main(found: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return next((study for study in found["studies"] if study["study"] == MAIN), None)


def _section(section: Mapping[str, Any]) -> list[str]:
    parts = [f"`{' '.join(section['overrides'])}`:"] if section["overrides"] else []
    if not section["arms"]:
        return [*parts, "No chain is finished."]
    parts.append(_arms(section["arms"]).rstrip())
    if section["questions"]:
        parts.append("\n".join(_answer(question) for question in section["questions"]))
    if section["missing"]:
        parts.append(f"Chains that are missing: {len(section['missing'])}.")
    return parts


def _arms(arms: Mapping[str, Any]) -> str:
    rows = []
    for name, arm in arms.items():
        rows.append([f"`{name}`", str(arm["count"]), _score(arm), _difference(arm["against_reference"])])
    return plain_table(("arm", "seeds", "val mIoU, %", "against the reference"), rows, left=1)


def _score(arm: Mapping[str, Any]) -> str:
    return hundredths(arm["mean"]) + ("" if arm["std"] is None else f" ± {hundredths(arm['std'])}")


def _answer(question: Mapping[str, Any]) -> str:
    found = question["difference"]
    if found is None:
        return f"- {question['name']}: **{question['answer']}**"
    seeds = f"{found['wins']} of {found['summary']['count']} seeds above"
    return (
        f"- {question['name']} (`{question['better']}` − `{question['worse']}` {_difference(found)}, {seeds}): "
        f"**{question['answer']}**"
    )


def _difference(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    summary = found["summary"]
    half = "" if summary["half"] is None else f" ± {hundredths(summary['half'])}"
    return f"{100 * summary['mean']:+.2f}{half}"
