"""What the page does beside labelling: what it refuses, asks for, and is without vectors."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bscnet.clouds.writer import LABEL
from fixtures.labelling_page import LabellingPage
from fixtures.room_files import packed_pcd, ply

pytestmark = pytest.mark.slow

_RNG = np.random.default_rng(5)
POINTS = _RNG.uniform(0, 2, (4000, 3)).astype(np.float32)
COLORS = _RNG.integers(0, 256, (4000, 3)).astype(np.uint8)


def test_it_is_one_file_that_may_open_no_connection(built: Path) -> None:
    text = built.read_text(encoding="ascii")
    assert len(text) < 3_000_000
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; ")
    assert policy[1].endswith(" 'wasm-unsafe-eval'; worker-src blob:; connect-src 'none'")
    assert "unsafe-inline" not in policy[1] and "'unsafe-eval'" not in policy[1]
    assert re.findall(r'<(?:script|link|img)[^>]* (?:src|href)="(?!data:,")', text) == []


def test_nothing_is_asked_for(page: LabellingPage, tmp_path: Path) -> None:
    """Neither by labelling nor by a script that tries: the policy is in force, in a worker too."""
    page.asked()
    assert page.take(ply(tmp_path / "sent.ply", POINTS, COLORS)) == ""
    assert page.asked() == []
    page.browser.set_script_timeout(30)
    trial = "fetch('https://example.invalid/').then(() => 'sent', (error) => 'refused')"
    told = page.browser.execute_async_script(f"""
        const done = arguments[0];
        let directive = "none";
        addEventListener("securitypolicyviolation", (event) => (directive = event.effectiveDirective));
        {trial}.then((first) => {{
            const text = "{trial}.then((said) => postMessage(said))";
            const other = new Worker(URL.createObjectURL(new Blob([text])));
            other.onmessage = ({{ data }}) => done([first, directive, data]);
        }});
    """)
    assert told == ["refused", "connect-src", "refused"]
    page.browser.get_log("browser")


def damaged(name: str, data: bytes, folder: Path) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def sound_ply(folder: Path) -> bytes:
    return ply(folder / "sound", POINTS, COLORS).read_bytes()


REFUSED = {
    "empty.ply": (lambda folder: b"", "empty.ply: the file is empty"),
    "other.ply": (lambda folder: b"obj", "other.ply: this is no PLY file, its first line must be 'ply'"),
    "cut.ply": (
        lambda folder: sound_ply(folder)[:-100],
        "cut.ply: damaged or truncated PLY file, its header promises at least 60000 bytes of data, there are 59900",
    ),
    "scan.obj": (sound_ply, "scan.obj: this page reads .ply, .pcd, .las, .laz"),
    "cut.las": (lambda folder: b"LASF" + bytes(100), "cut.las: the file is truncated within its header"),
    "noise.laz": (
        lambda folder: b"LASF" + bytes(20) + b"\1\2" + bytes(500),
        "noise.laz: damaged or truncated, its points begin at byte 0 of 526",
    ),
    "none.pcd": (
        lambda folder: b"# .PCD v0.7\nVERSION 0.7\n",
        "none.pcd: no PCD file, or its header is damaged or truncated (it has no line DATA)",
    ),
    "cut.pcd": (
        lambda folder: packed_pcd(folder / "p", POINTS, COLORS, "binary_compressed").read_bytes()[:-9],
        "cut.pcd: damaged or truncated PCD file, its compressed data do not fit its header",
    ),
    "far.ply": (
        lambda folder: ply(folder / "f", POINTS * 1e7, COLORS).read_bytes(),
        "far.ply: the cloud is 4e+08 x ",
    ),
    "place.ply": (
        lambda folder: ply(folder / "n", np.where(np.arange(4000)[:, None] == 7, np.nan, POINTS), COLORS).read_bytes(),
        "place.ply: 1 of 4000 points have coordinates that are not finite",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_one_sentence(name: str, page: LabellingPage, tmp_path: Path) -> None:
    make, sentence = REFUSED[name]
    said = page.take(damaged(name, make(tmp_path), tmp_path))
    assert said.startswith(sentence)
    assert "\n" not in said
    assert page.browser.get_log("browser") == []


def test_after_a_refusal_the_next_file_is_labelled(page: LabellingPage, tmp_path: Path) -> None:
    assert page.take(damaged("bad.ply", b"ply\n", tmp_path)) != ""
    assert page.take(ply(tmp_path / "good.ply", POINTS, COLORS)) == ""
    assert page.find("h1").text == "good.ply"


def test_files_can_be_dropped(page: LabellingPage, tmp_path: Path) -> None:
    ply(tmp_path / "dropped.ply", POINTS, COLORS)
    page.run(
        """
        const bytes = Uint8Array.from(atob(arguments[0]), (letter) => letter.charCodeAt(0));
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([bytes], "dropped.ply"));
        document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer }));
        """,
        base64.b64encode((tmp_path / "dropped.ply").read_bytes()).decode(),
    )
    assert page.ended() == ""
    assert page.find("h1").text == "dropped.ply"


def test_without_vectors_the_scalar_engine_gives_the_same(
    page: LabellingPage, other_page: Callable[..., LabellingPage], tmp_path: Path
) -> None:
    scan = ply(tmp_path / "scalar.ply", POINTS, COLORS)
    old = other_page("--js-flags=--no-enable-ssse3 --no-enable-sse4-1 --no-enable-sse3")
    assert old.take(scan) == "" and page.take(scan) == ""
    assert [one.scene()["facts"]["labelled"].split(", ")[1] for one in (old, page)] == ["scalar", "simd128"]
    assert np.array_equal(old.download().columns[LABEL], page.download().columns[LABEL])


@pytest.mark.parametrize("width", [390, 1280])
def test_everything_fits_the_width(width: int, page: LabellingPage, tmp_path: Path) -> None:
    page.browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 800},
    )
    try:
        assert page.take(ply(tmp_path / f"{width}.ply", POINTS, COLORS)) == ""
        page.scene()
        assert page.run("return document.documentElement.scrollWidth") <= width
        for selector in ("label.button", "#unit", "#download", "canvas", "#classes"):
            box = page.find(selector).rect
            assert box["width"] > 0 and box["x"] >= 0 and box["x"] + box["width"] <= width, selector
    finally:
        page.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
