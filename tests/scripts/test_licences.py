"""docs/licences.md lists what the package asks for, and nothing of it is under a licence that a user would inherit."""

from __future__ import annotations

from importlib import metadata

import pytest

import licences

ROWS = dict(
    [cell.strip() for cell in line.strip("|").split("|")][:2]
    for line in licences.TARGET.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith(("| package", "| ---"))
)


def test_what_the_package_asks_for_is_on_the_page() -> None:
    asked = {name for extra in licences.EXTRAS for name in licences.closure(metadata.requires("bscnet") or [], extra)}
    own = {metadata.metadata(name)["Name"] for name in ("numpy", "torch", "open3d-cpu", "hydra-core", "wandb", "laspy")}
    assert own <= asked
    direct = {
        metadata.metadata(licences.Requirement(text).name)["Name"]
        for text in metadata.requires("bscnet") or []
        if any(f'extra == "{extra}"' in text for extra in licences.EXTRAS if extra) or "extra" not in text
    }
    assert direct <= ROWS.keys()
    assert all(ROWS[name] == licences.licence(name) for name in own)


def test_no_licence_is_handed_on() -> None:
    assert len(ROWS) > 50 and not [name for name, licence in ROWS.items() if "GPL" in licence]


class Silent(dict[str, str]):
    """Metadata that say nothing of a licence."""

    def __missing__(self, key: str) -> None:
        return None

    def get_all(self, key: str) -> list[str]:
        return []


def test_a_package_without_a_licence_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "metadata", lambda name: Silent())
    with pytest.raises(ValueError, match="^nothing: its metadata name no licence$"):
        licences.licence("nothing")
