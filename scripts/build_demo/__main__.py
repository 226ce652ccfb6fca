"""The command: `make demo`, or in an environment with bscnet[predict] `PYTHONPATH=scripts python -m build_demo`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bscnet.errors import InputError
from bscnet.shipped import DEFAULT, model_file
from build_demo.assemble import page_text
from build_demo.engine import compiled, missing
from build_demo.rules import rules_of
from engine_presets import ROOT, run

WEB = ROOT / "web"
PAGE = ROOT / "build" / "demo" / "index.html"
LAZ = WEB / "node_modules/@loaders.gl/las/dist/libs/laz-rs-wasm/laz_rs_wasm_bg.wasm"
LARGEST = 3_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Makes the page and says where it is and how large; 2: something is missing, which is said."""
    parser = argparse.ArgumentParser(prog="build_demo", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=PAGE, help=f"file ({PAGE.relative_to(ROOT)})")
    given = parser.parse_args(arguments)
    try:
        size = build(given.output.resolve())
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{given.output}: {size:,} bytes")
    return 0


def build(path: Path) -> int:
    """Make the page; its size in bytes.

    Raises:
        InputError: a tool is missing, one fails, or the page is too large.
    """
    sentence = missing("npm")
    if sentence is not None:
        raise InputError(sentence)
    vectors, scalar = compiled()
    install()
    scripts = {name: _bundled(WEB / f"{name}.js") for name in ("page", "worker")}
    binaries = {
        "engine": vectors / "bscnet.wasm",
        "scalar": scalar / "bscnet.wasm",
        "model": model_file(DEFAULT),
        "laz": LAZ,
    }
    data = page_text(WEB, rules_of(DEFAULT), scripts, binaries, _licences()).encode("ascii", "xmlcharrefreplace")
    if len(data) > LARGEST:
        raise InputError(f"{path}: the page has {len(data):,} bytes, at most {LARGEST:,} are wanted")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return len(data)


def _licences() -> str:
    """Of what the page holds; Emscripten's part is what its compiler adds to every program."""
    texts = [(ROOT / "LICENSE").read_text(encoding="utf-8")]
    texts += [(WEB / "licences.txt").read_text(encoding="utf-8")]
    texts += [(WEB / "node_modules/@loaders.gl/las/LICENSE").read_text(encoding="utf-8")]
    return "\n\n".join(texts)


def install() -> None:
    """Fetch the packages of package-lock.json, where they are not there as it says."""
    lock, there = WEB / "package-lock.json", WEB / "node_modules" / ".package-lock.json"
    if not there.is_file() or there.stat().st_mtime < lock.stat().st_mtime:
        run(["npm", "--prefix", str(WEB), "ci", "--no-audit", "--no-fund"])


def _bundled(source: Path) -> str:
    program = [str(WEB / "node_modules" / ".bin" / "esbuild"), str(source)]
    # what Emscripten's glue asks of node, and laz-rs of its module's address, is asked only where they are elsewhere
    options = ["--bundle", "--minify", "--format=iife", "--external:fs", "--external:path", "--external:crypto"]
    return run([*program, *options, "--log-override:empty-import-meta=silent"])


if __name__ == "__main__":
    sys.exit(main())
