"""Every command line in the documentation is one that is taken, and every setting in it is one that there is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from bscnet.chain.settings import composed_settings
from bscnet.cli import COMMANDS, build_parser

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "benchmarks" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
)
RUN = "bscnet.run"
COMPOSED = ("doctor", "profile", "show", "study")
"""Commands whose KEY=VALUE words are overrides of a whole configuration, not of a run's."""
OF_HYDRA = ("hydra.", "hydra/", "launcher=")
"""Words that ask for a plugin, which need not be installed where the tests run."""
STAND_INS = {"…": "", "KEY=VALUE": "", "N": "1"}
_BLOCK = re.compile(r"^```[a-z]*\n(.*?)^```", re.S | re.M)
_OPTIONAL = re.compile(r" \[([^\]]*)\]")
_START = re.compile(r"^(?:\$ )?(?:\.venv/bin/)?(python -m bscnet\.run|bscnet [a-z]+)\b")


def commands() -> Iterator[tuple[str, list[str]]]:
    """Page and words of every command line in a code block; brackets around what may be left out are taken away."""
    for page in PAGES:
        for block in _BLOCK.findall(page.read_text(encoding="utf-8")):
            for line in block.replace("\\\n", " ").splitlines():
                if _START.match(line):
                    bare = _OPTIONAL.sub(r" \1 ", line.removeprefix("$ "))
                    yield page.name, shlex.split(bare, comments=True)


def one_point(word: str) -> str:
    """A sweep's word with its first value alone: `seed=0,1` is `seed=0`, and `seed=interval(2,3)` is `seed=2`."""
    if "…" in word:
        return word
    override = OverridesParser.create().parse_override(word)
    if not override.is_sweep_override():
        return word
    if override.is_interval_sweep():
        return f"{override.get_key_element()}={override.value().start}"
    return f"{override.get_key_element()}={next(override.sweep_string_iterator())}"


LINES = sorted({(page, tuple(words)) for page, words in commands()})


@pytest.mark.parametrize(
    "page, words", LINES, ids=lambda value: value if isinstance(value, str) else " ".join(value)[:80]
)
def test_a_command_line_is_taken(
    page: str, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine" / "train").mkdir(parents=True)
    (tmp_path / "mine" / "train" / "scan.xyz").write_text("0 0 0\n1 0 0\n")
    (tmp_path / "mine" / "dataset.yaml").write_text("classes: [floor, wall]\n")
    monkeypatch.chdir(tmp_path)
    given = [STAND_INS.get(word, word) for word in words]
    trains = given[:3] == ["python", "-m", RUN] or given[:2] == ["bscnet", "run"]
    rest = given[3:] if given[0] == "python" else given[2:]
    overrides = [one_point(word) for word in rest if "=" in word and not word.startswith("-")]
    if not trains:
        name = given[1]
        assert name in {command.name for command in COMMANDS}
        args, unknown = build_parser(name).parse_known_args([word for word in given[1:] if word])
        assert args.command == name and not [word for word in unknown if "=" not in word]
    elif unknown := [word for word in rest if "=" not in word and word not in ("-m", "--cfg", "job")]:
        pytest.fail(f"{unknown} are no words of {RUN}")
    if trains or given[1] in COMPOSED:
        composed_settings([word for word in overrides if not word.startswith(OF_HYDRA) and "…" not in word])


def test_the_pages_have_commands() -> None:
    assert {page for page, _ in LINES} >= {"README.md", "chains.md", "scannet.md", "folder.md", "deploy.md", "study.md"}
    assert len(LINES) > 40
