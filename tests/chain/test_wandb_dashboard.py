"""Views of a Weights & Biases project, put together without a network."""

from __future__ import annotations

import json

import pytest

from bscnet import cli

ws = pytest.importorskip("wandb_workspaces.workspaces", exc_type=ImportError)


def test_both_views_are_printed_without_an_account(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["dashboard", "me", "--project", "rooms", "--print"]) == 0
    chains, stages = json.loads(capsys.readouterr().out)
    for view, name in ((chains, "bscnet chains"), (stages, "bscnet stages")):
        assert (view["entity"], view["project"], view["displayName"]) == ("me", "rooms", name)
    scores, scenes = chains["spec"]["section"]["panelBankConfig"]["sections"][:2]
    assert (scores["name"], scenes["name"]) == ("scores", "scenes")
    kinds = [panel["viewType"] for panel in scores["panels"]]
    assert kinds == ["Bar Chart"] * 2 + ["Scatter Plot"] * 3 + ["Parallel Coordinates Plot"]
    across = [panel["config"].get("xAxis") for panel in scores["panels"]][2:5]
    assert across == ["config:data.value.voxel_size", "summary:network/bytes", "summary:network/ops"]
    text = json.dumps(chains)
    assert "config:method.value.name" in text and "summary:final/miou" in text and "jobType" in text
    assert "search/entropy" in json.dumps(stages)
