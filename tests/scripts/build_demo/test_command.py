"""`python -m build_demo` where it cannot make the page: it says what is missing or wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from build_demo import __main__ as command
from build_demo.assemble import page_text


def test_missing_tools_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda tool: None if tool in ("em++", "npm") else f"/usr/bin/{tool}")
    out = tmp_path / "page.html"
    assert command.main(["-o", str(out)]) == 2
    said = capsys.readouterr()
    wanted = "there is no WebAssembly without em++, npm (Debian: apt-get install emscripten nodejs npm)"
    assert (said.out, said.err) == ("", f"error: {wanted}\n")
    assert not out.exists()


@pytest.mark.parametrize("evil", ["'</script>'", "'<!--'"])
def test_a_bundle_that_would_end_its_element_is_refused(evil: str) -> None:
    with pytest.raises(ValueError, match="the bundle worker holds what ends or hides its element"):
        page_text(command.WEB, {}, {"page": "", "worker": evil}, {}, "")
