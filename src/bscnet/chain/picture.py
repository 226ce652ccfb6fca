"""The picture at the end of a chain: a validation scene as the last stage's network labels it."""

from __future__ import annotations

from pathlib import Path

from bscnet.chain.build import build_datamodule, build_network
from bscnet.chain.chain import Chain
from bscnet.chain.job import device_kind

PICTURE_NAME = "scene.png"


def draw_scene(chain: Chain) -> Path:
    """Predict the first validation scene with the chain's last checkpoint and write `scene.png` in its directory.

    Raises:
        InputError: the checkpoint or the scene cannot be read.
        RenderError: this machine cannot render.
    """
    import torch

    from bscnet.checkpoint import network_state, read_checkpoint
    from bscnet.data import ScanDataModule
    from bscnet.search import ShiftPlan, apply_plan
    from bscnet.sparse import SparseTensor, resolve_backend
    from bscnet.viz.pictures import scene_picture

    settings, last = chain.settings, chain.manifest.stages[-1]
    spec = chain.specs[last.stage - 1]
    network = build_network(settings, spec)
    plan = Path(last.checkpoint).parents[1] / "plan.json"
    if spec.shifts == "searched":
        apply_plan(network, ShiftPlan.load(plan))
    network.load_state_dict(network_state(read_checkpoint(last.checkpoint)))
    network.eval()
    data = build_datamodule(settings)
    if not isinstance(data, ScanDataModule):
        raise TypeError(f"{type(data).__name__} has no scenes to show")
    data.setup()
    scene = data.val_scene(0)
    device = device_kind(settings["trainer"])
    backend, _ = resolve_backend(settings["backend"]["name"], device)
    batch = scene.batch
    with torch.inference_mode():
        network.to(device)
        logits = network(SparseTensor(batch.feats.to(device), batch.coords.to(device), backend=backend))
    prediction = logits.argmax(1).cpu()[batch.point_to_voxel].numpy()
    facts = chain.manifest.facts
    return scene_picture(
        chain.directory / PICTURE_NAME,
        scene.points,
        scene.colors,
        scene.labels,
        prediction,
        data.class_names,
        title=f"{facts['method']} {facts['model']} after stage {last.stage}, {facts['data']}",
    )
