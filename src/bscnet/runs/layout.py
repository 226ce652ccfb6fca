"""Where things lie in the folder of a run.

CHAIN/result.json               what the chain is and how far it got
CHAIN/scores.json               scores of its validation scenes
CHAIN/index.html                the page of the run: its scores, and links to the pages of scenes
CHAIN/best.html, best.png       its best validation scene, and worst.html and worst.png
CHAIN/loggers.json              the ids that loggers have for the chain's run, where there are such; also in a stage
CHAIN/old-stage2-1/             a stage that was put aside, since one before it was trained anew
CHAIN/stage1/                   one folder a stage, counted from 1
    outcome.json                what the stage left behind, once it is finished
    plan.json                   the shifts that a search decided, and a copy beside those that use them
    checkpoints/best.ckpt       of the epoch with the best mIoU over the validation split
    checkpoints/last.ckpt       of the last finished epoch
    csv/version_*/metrics.csv   a table for each time the stage was started
    .hydra/config.yaml          the settings that it ran with
    .hydra/hydra.yaml           how it was started, and in which directory
    stage.log                   what it trained on what, a line an epoch, and how it ended
    settings.json, logging.json, failure.json   what its processes are told and tell, where there are several
    error.log                   the traceback of an unforeseen error
"""

from __future__ import annotations

from pathlib import Path

from bscnet.drafts import remove_drafts

RESULT_NAME = "result.json"
SCORES_NAME = "scores.json"
OUTCOME_NAME = "outcome.json"
PLAN_NAME = "plan.json"
BEST, LAST = "best.ckpt", "last.ckpt"
BEST_SCENE, WORST_SCENE = "best", "worst"
PAGE_ENDING, PICTURE_ENDING = ".html", ".png"
INDEX_NAME = f"index{PAGE_ENDING}"
CSV_FOLDER = "csv"
ERROR_LOG, STAGE_LOG = "error.log", "stage.log"
LOGGERS_NAME = "loggers.json"


def stage_directory(chain: Path, stage: int) -> Path:
    """The folder of a chain's stage, counted from 1."""
    return chain / f"stage{stage}"


def checkpoint_folder(stage: Path) -> Path:
    """The folder of a stage's checkpoints."""
    return stage / "checkpoints"


def settings_file(stage: Path) -> Path:
    """The configuration that a stage ran with, as Hydra writes it."""
    return stage / ".hydra" / "config.yaml"


def launch_file(stage: Path) -> Path:
    """How a stage was started, and in which directory, as Hydra writes it."""
    return stage / ".hydra" / "hydra.yaml"


def stage_of(checkpoint: Path) -> Path:
    """The absolute folder of the stage that a checkpoint lies in (STAGE/checkpoints/FILE)."""
    return checkpoint.absolute().parent.parent


def chain_of(checkpoint: Path) -> Path | None:
    """The absolute folder of the chain that a checkpoint lies in (CHAIN/STAGE/checkpoints/FILE); None: in none."""
    chain = stage_of(checkpoint).parent
    return chain if (chain / RESULT_NAME).is_file() else None


def stage_directories(chain: Path) -> list[Path]:
    """The folders of a chain's stages (stage1, stage2, …), in order."""
    found = (path for path in chain.glob("stage*") if path.name[5:].isdecimal())
    return sorted(found, key=lambda path: int(path.name[5:]))


def metrics_files(stage: Path) -> list[Path]:
    """The tables that a stage logged, one for each time it was started, in order."""
    found = stage.glob(f"{CSV_FOLDER}/version_*/metrics.csv")
    return sorted(found, key=lambda path: _version(path.parent.name))


def _version(folder: str) -> int:
    number = folder.removeprefix("version_")
    return int(number) if number.isdecimal() else -1


def is_scored(chain: Path, pages: bool) -> bool:
    """Whether a chain's folder holds the scores of its scenes, and the pages of the best and the worst where asked."""
    names = [f"{rank}{PAGE_ENDING}" for rank in (BEST_SCENE, WORST_SCENE)] if pages else []
    return all((chain / name).is_file() for name in (SCORES_NAME, *names))


def remove_left_drafts(chain: Path) -> None:
    """Remove what killed processes have left half-written in a chain's folder, which no other run writes to."""
    for folder in (chain, *(path for path in chain.rglob("*") if path.is_dir())):
        remove_drafts(folder, older_s=0)
