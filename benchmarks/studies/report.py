"""The studies in short: arms and answers of each, and what the index and the front page tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.common.tables import hundredths, plain_table

MAIN = {"rooms_5cm": "96 rooms, voxels of 5 cm", "rooms": "24 rooms, voxels of 10 cm"}
"""The studies that the index and the front page tell, and what they are of."""
_NOT_MADE = "No study of rooms has been made yet."


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
    studies = _main(found)
    if not studies:
        return _NOT_MADE
    told = []
    for study in studies:
        told.append(f"{study['title']} Simulated rooms, not ScanNet: {MAIN[study['study']]}.")
        told += [part for section in study["sections"] for part in _section(section)]
    links = ", ".join(f"[study/{study['study']}.md](study/{study['study']}.md)" for study in studies)
    return "\n\n".join([*told, f"Every arm, stage and seed: {links}; others: [study.md](study.md)."])


def front(found: Mapping[str, Any]) -> str:
    """The arms of the main studies for the front page in words, and the answers of each in a line."""
    studies = _main(found)
    if not studies:
        return _NOT_MADE
    sections = [study["sections"][0] for study in studies]
    words: dict[str, str] = {}
    for study, section in zip(studies, sections, strict=True):
        words |= {name: study["arms"][name] for name in section["arms"] if name not in words}
    heads = ["method", *(f"{MAIN[study['study']]} (seeds)" for study in studies)]
    rows = [[about, *(_scored(section["arms"].get(name)) for section in sections)] for name, about in words.items()]
    answers = []
    for study, section in zip(studies, sections, strict=True):
        told = "; ".join(f"{question['name']}: **{question['answer']}**" for question in section["questions"])
        answers.append(f"{MAIN[study['study']]}: {told}.")
    return "\n\n".join([plain_table(heads, rows, left=1).rstrip(), *answers])


def _main(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    by_name = {study["study"]: study for study in found["studies"]}
    return [by_name[name] for name in MAIN if name in by_name]


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


def _scored(arm: Mapping[str, Any] | None) -> str:
    return "" if arm is None else f"{_score(arm)} ({arm['count']})"


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
