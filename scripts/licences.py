"""Writes docs/licences.md: what pip installs beside bscnet for predicting and for training, and under which licence.

python scripts/licences.py          in an environment with everything, as `make setup` makes it
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "licences.md"
EXTRAS = ("", "predict", "pcd", "train")
BESIDE = {"MinkowskiEngine": "MIT"}
"""What set-up builds and no extra of pip brings."""
INSIDE = {"DejaVu Sans, a part of it": "Bitstream Vera, public domain"}
"""What the package itself holds, its licence beside it."""
_SAID_ELSEWHERE = {
    "antlr4-python3-runtime": "BSD",
    "open3d-cpu": "MIT",
    "ConfigArgParse": "MIT",
}
"""Licences that a package's metadata do not name, but its LICENSE file."""
_HEAD = """# Licences

bscnet is under the MIT licence. What pip installs beside it, by the extra that brings it first; made by
`python scripts/licences.py`.

"""


def closure(requirements: Iterable[str], extra: str) -> set[str]:
    """Names of all distributions that these lines ask for with an extra, those that they ask for in turn included."""
    found: set[str] = set()
    todo = [(Requirement(text), extra) for text in requirements]
    while todo:
        wanted, asked = todo.pop()
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": asked}):
            continue
        known = metadata.metadata(wanted.name)["Name"]
        if known not in found:
            found.add(known)
            further = metadata.requires(known) or []
            todo += [(Requirement(text), part) for text in further for part in ("", *wanted.extras)]
    return found


def licence(name: str) -> str:
    """The licence that a distribution's metadata name; ValueError: they name none."""
    said = metadata.metadata(name)
    trove = [
        value.rpartition(" :: ")[2] for value in said.get_all("Classifier") or [] if value.startswith("License ::")
    ]
    short = (said["License"] or "").strip()
    named = said["License-Expression"] or ", ".join(sorted(trove)) or (short if "\n" not in short else "")
    if named in ("", "UNKNOWN", "OSI Approved"):
        named = _SAID_ELSEWHERE.get(name, "")
    if not named:
        raise ValueError(f"{name}: its metadata name no licence")
    return str(named)


def page() -> str:
    """The page as it should be with what is installed here."""
    rows, before = [[name, said, "in the package"] for name, said in INSIDE.items()], set[str]()
    for extra in EXTRAS:
        new = sorted(closure(metadata.requires("bscnet") or [], extra) - before, key=str.lower)
        before |= set(new)
        rows += [[name, licence(name), f"`[{extra}]`" if extra else "the package"] for name in new]
    rows += [[name, said, "`make setup`"] for name, said in BESIDE.items()]
    lines = [["package", "licence", "brought by"], ["---"] * 3, *rows]
    return _HEAD + "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
