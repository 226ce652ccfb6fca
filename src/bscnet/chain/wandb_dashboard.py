"""Views of a Weights & Biases project: one that compares whole chains, one with the curves of their stages.

Made by W&B's own wandb-workspaces (https://github.com/wandb/wandb-workspaces, Apache-2.0). A view is put together
without a network; saving it needs an account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bscnet.chain.run_names import CHAIN

if TYPE_CHECKING:
    from wandb_workspaces.workspaces import Workspace

_MIOU, _BYTES, _OPS = "final/miou", "network/bytes", "network/ops"
_STEP = "trainer/global_step"
_METHOD, _MODEL, _VOXEL, _SEED = "method.name", "model.name", "data.voxel_size", "seed"


def chain_view(entity: str, project: str) -> Workspace:
    """Chains by their final mIoU: a bar a method, over voxel size, network size and operations; classes and scenes.

    Args:
        entity: user or team.
        project: as in `logger.project`.
    """
    import wandb_workspaces.reports.v2 as wr
    import wandb_workspaces.workspaces as ws

    score = wr.SummaryMetric(_MIOU)
    columns: list[Any] = [wr.Config(_METHOD), wr.Config(_MODEL), wr.Config(_VOXEL), wr.Config(_SEED), score]
    scores = [
        _bars(wr, "val mIoU by method", _METHOD),
        _bars(wr, "val mIoU by network", _MODEL),
        wr.ScatterPlot(title="val mIoU by voxel size (m)", x=wr.Config(_VOXEL), y=score),
        wr.ScatterPlot(title="val mIoU by bytes of the weights", x=wr.SummaryMetric(_BYTES), y=score, log_x=True),
        wr.ScatterPlot(title="val mIoU by operations", x=wr.SummaryMetric(_OPS), y=score, log_x=True),
        wr.ParallelCoordinatesPlot(
            title="what goes with which mIoU",
            columns=[wr.ParallelCoordinatesPlotColumn(metric=column) for column in columns],
        ),
    ]
    media = wr.MediaBrowser(title="best and worst scene", media_keys=["scenes/best", "scenes/worst"])
    return ws.Workspace(
        entity=entity,
        project=project,
        name="bscnet chains",
        sections=[
            ws.Section(name="scores", panels=scores, is_open=True),
            ws.Section(name="scenes", panels=[media], is_open=True),
        ],
        runset_settings=ws.RunsetSettings(
            filters=ws.And(ws.Metric("JobType") == CHAIN),
            order=[ws.Ordering(ws.Summary(_MIOU), ascending=False)],
            pinned_columns=[
                f"summary:{_MIOU}",
                *map(_column, (_METHOD, _MODEL, _VOXEL, _SEED)),
                *(f"summary:{key}" for key in (_BYTES, _OPS)),
            ],
        ),
    )


def stage_view(entity: str, project: str) -> Workspace:
    """Curves of all stages, the runs of a chain together.

    Args:
        entity, project: see `chain_view`.
    """
    import wandb_workspaces.reports.v2 as wr
    import wandb_workspaces.workspaces as ws

    def curves(name: str, *keys: str) -> Any:
        panels: list[Any] = [wr.LinePlot(title=key, x=_STEP, y=[key]) for key in keys]
        return ws.Section(name=name, panels=panels, is_open=True)

    return ws.Workspace(
        entity=entity,
        project=project,
        name="bscnet stages",
        sections=[
            curves("training", "val/miou", "val/loss", "train/loss_epoch", "lr"),
            curves("search", "search/max_pi", "search/margin", "search/entropy", "search/gradient_signal"),
        ],
        settings=ws.WorkspaceSettings(x_axis=_STEP),
        runset_settings=ws.RunsetSettings(
            filters=ws.And(ws.Metric("JobType") != CHAIN), groupby=[ws.Metric("Group"), ws.Metric("JobType")]
        ),
    )


def _column(key: str) -> str:
    """A setting's column in the table of runs."""
    group, dot, rest = key.partition(".")
    return f"config:{group}.value{dot}{rest}"


def _bars(wr: Any, title: str, key: str) -> Any:
    return wr.BarPlot(title=title, metrics=[wr.SummaryMetric(_MIOU)], groupby=wr.Config(key), groupby_aggfunc="mean")
