"""What the tables of finished chains read of a chain's directory, and say of those that are missing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bscnet.chain.reopen import recorded_settings
from bscnet.runs.layout import stage_directory
from bscnet.runs.manifest import Manifest
from bscnet.runs.stage import StageOutcome
from bscnet.settings.composed import Settings
from bscnet.viz.curves import Curve, read_curves

SCORES = ("val/miou", "val/acc", "val/macc")


def last_directory(manifest: Manifest) -> Path:
    """Of the chain's last stage."""
    return stage_directory(manifest.directory, manifest.stages[-1].stage)


def chain_settings(manifest: Manifest) -> Settings:
    """The configuration that the chain's last stage ran with.

    Raises:
        InputError: it is gone or damaged, or holds a value that is not known any more.
    """
    return recorded_settings(last_directory(manifest))


def effort(manifest: Manifest) -> dict[str, Any]:
    """Epochs and seconds of all stages together."""
    return {
        "epochs": sum(row.epochs for row in manifest.stages),
        "seconds": sum(row.seconds for row in manifest.stages),
    }


def last_scores(manifest: Manifest, wanted: Callable[[str], bool]) -> dict[str, float]:
    """What the last stage logged at the epoch of its checkpoint, fractions; wanted: which quantities.

    Raises:
        InputError: its CSV file is gone.
    """
    curves = read_curves(last_directory(manifest))
    return scores_at(curves, manifest.stages[-1], [name for name in curves if wanted(name)])


def scores_at(curves: Mapping[str, Curve], stage: StageOutcome, names: Sequence[str] = SCORES) -> dict[str, float]:
    """The logged scores of a stage's checkpoint: of the last epoch up to its own that was scored.

    An old record does not say the checkpoint's epoch: it has the epoch whose mIoU is nearest to the record's, the
    latest of several.
    """
    scored = [point for point in curves.get("val/miou", []) if stage.epoch is None or point[0] <= stage.epoch]
    if not scored:
        return {}
    if stage.epoch is None:
        epoch = min(scored, key=lambda point: (abs(point[1] - stage.val_miou), -point[0]))[0]
    else:
        epoch = max(scored)[0]
    found = {name: dict(curves.get(name, [])).get(epoch) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def missing_note(missing: Sequence[str]) -> str:
    """A paragraph about the chains that a table lacks; nothing where it has all."""
    return f"\nMissing: {'; '.join(missing)}.\n" if missing else ""


def tell(found: Mapping[str, Any], file: Path) -> None:
    """Say on the terminal where a table is, and which of its `chains` are `missing`."""
    for sentence in found["missing"]:
        print(f"missing: {sentence}", file=sys.stderr)
    print(f"{file}: {len(found['chains'])} chains")
