"""A chain whose stages take no time: what each stage was given is written down, and text stands for weights.

This folder is not called hydra_plugins: it would be scanned for plugins, because `tests` is on the path.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hydra
import pytest
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from bscnet.chain.chain import Chain
from bscnet.errors import InputError
from bscnet.paths import config_dir
from bscnet.runs.stage import StageOutcome
from bscnet.training import carry


def write_stage(cfg: DictConfig, score: float) -> StageOutcome:
    """Stage k's checkpoint is the text of the checkpoint that it started from, followed by k."""
    directory = Path(HydraConfig.get().runtime.output_dir)
    start = Path(cfg.init_from).read_text() if cfg.init_from else ""
    checkpoint = directory / "checkpoints" / "last.ckpt"
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    checkpoint.write_text(f"{start}{cfg.model.name}:{cfg.seed}:stage{cfg.stage} ")
    plan = directory / "plan.json" if cfg.stage == 1 and cfg.method.name == "bsc_net" else None
    if plan is not None:
        plan.write_text(json.dumps({"format": "bscnet shift plan 1", "shifts": {"a.conv": [[0, 1, 0], [0, 0, 0]]}}))
    return StageOutcome(cfg.stage, "x", "a1w1", str(checkpoint), 3, score, 1.0, str(plan) if plan else None)


@dataclass
class App:
    """Runs the sweeper in this process on the project's configuration, with a task of the test's own."""

    monkeypatch: pytest.MonkeyPatch
    output: Path
    calls: list[dict[str, Any]] = field(default_factory=list)
    before: Callable[[DictConfig], None] = lambda cfg: None
    score: Callable[[DictConfig], float] = lambda cfg: 0.5

    def run(self, *arguments: str) -> int:
        """The exit status of `python -m bscnet.run ARGUMENTS`."""

        def task(cfg: DictConfig) -> StageOutcome:
            self.calls.append(
                {key: cfg[key] for key in ("stage", "seed", "init_from", "shift_plan", "resume", "title")}
                | {"model": cfg.model.name, "voxel_size": cfg.data.voxel_size}
            )
            self.before(cfg)
            return write_stage(cfg, self.score(cfg))

        given = [*arguments, f"output_dir={self.output}", "picture=false"]
        self.monkeypatch.setattr(sys, "argv", ["app", *given])
        try:
            hydra.main(config_path=config_dir(), config_name="config", version_base="1.3")(task)()
        except SystemExit as stop:
            return int(stop.code or 0)
        return 0

    def order(self) -> list[tuple[str, int]]:
        """(model, stage) of every job so far."""
        return [(call["model"], call["stage"]) for call in self.calls]

    def results(self) -> dict[str, dict[str, Any]]:
        """`result.json` of every chain, by its directory's path from the output directory."""
        return {
            str(path.parent.relative_to(self.output)): json.loads(path.read_text())
            for path in sorted(self.output.glob("*/*/result.json"))
        }


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The chains whose scenes were to be scored. None is, since their weights are text, and Lightning is not loaded."""
    directories: list[str] = []

    def refuse(chain: Chain) -> list[Path]:
        directories.append(str(chain.directory))
        raise InputError("the weights are text")

    monkeypatch.setitem(sys.modules, "bscnet.chain.scores", SimpleNamespace(write_scores=refuse))
    return directories


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> App:
    monkeypatch.setattr(carry, "carry", lambda *_: None)  # text stands for weights
    return App(monkeypatch, tmp_path / "runs")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[App, int, str]:
    """The app after a run of all stages, which several tests look at; its exit status, and what it has shown."""
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as shown:
        app = App(patch, tmp_path_factory.mktemp("whole") / "runs")
        status = app.run()
    return app, status, shown.getvalue()
