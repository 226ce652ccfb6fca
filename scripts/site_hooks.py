"""What mkdocs does beside its plugins: the documents of benchmarks/ are pages too, and links out of docs/ are mended.

In the repository a page of docs/ links to `../benchmarks/study.md`. On the site both are pages; a link to a file that
is none (a program, a notebook) becomes its name.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
SHOWN = ("benchmarks/*.md", "benchmarks/*.png", "benchmarks/study/*.md", "benchmarks/study/*.png")
"""Files beside docs/ that are of the site."""
BESIDE = ("CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")

_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the files beside docs/, at the places that they have in the repository."""
    found = [path for pattern in SHOWN for path in sorted(ROOT.glob(pattern))] + [ROOT / name for name in BESIDE]
    for path in found:
        files.append(File.generated(config, str(path.relative_to(ROOT)), abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Every link as it has to be on the site."""
    source = page.file.src_uri
    outside = source.startswith("benchmarks/") or source in BESIDE
    known = {file.src_uri for file in files}

    def mended(match: re.Match[str]) -> str:
        image, text, target = match.groups()
        place, mark, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target) or not place:
            return match[0]
        in_repository = posixpath.normpath(
            posixpath.join(posixpath.dirname(source if outside else f"docs/{source}"), place)
        )
        on_site = in_repository.removeprefix("docs/")
        if in_repository == "README.md":
            on_site = "index.md"
        if on_site in known:
            there = posixpath.relpath(on_site, posixpath.dirname(source) or ".")
            return f"{image}[{text}]({there}{mark}{anchor})"
        if not (ROOT / in_repository).exists():
            return match[0]  # mkdocs says that it leads nowhere
        return text

    return _LINK.sub(mended, markdown)
