"""Whole chains by the real command: interrupted and resumed, on two devices, and exported."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.common.arguments import ROOMS
from benchmarks.common.rooms import ensure_rooms
from benchmarks.gpu.engines import default_engine, sites_of
from benchmarks.gpu.setting import DEVICE, Row, Setting, checked, stated
from bscnet.export.pack import export
from bscnet.export.scene import cropped, verification_scene
from bscnet.export.source import read_source
from bscnet.sparse import SparseTensor

SMALL = ("model.network.m=8", "model.network.depth=1", "data.voxel_size=0.2", "data.num_workers=0", "threads=1")
OTHER_CLASSES = 1e-3
DIFFERENCE = 1e-2
"""Of two scores over the largest. Sums of the device differ in their last bits, and a sign near zero with them."""


def resumed_chain(setting: Setting) -> Iterator[Row]:
    """Three stages of BSC-Net, stopped by Ctrl-C in the second and taken up again."""
    words = ("method=bsc_net", f"recipe.epochs={6 if setting.few else 9}", *_trainer(setting))
    status, said = _interrupted(_command(setting, "chain", *words), setting.time_left)
    stopped = _result(setting, "chain")
    left = f"status {status}, the chain is {stopped['status']} after {len(stopped['stages'])} stages"
    yield stated("stopped in stage 2", left if status == 130 else f"{left}: {said}", status == 130)
    _finished(_command(setting, "chain", *words, "resume=true"), setting.time_left)
    whole = _result(setting, "chain")
    kept = whole["stages"][: len(stopped["stages"])] == stopped["stages"]
    ended = whole["status"] == "finished" and len(whole["stages"]) == 3
    yield stated("resumed", f"the chain is {whole['status']} after {len(whole['stages'])} stages", ended)
    yield stated("finished stages", "are not repeated" if kept else "are repeated", kept)
    finite = all(math.isfinite(stage["val_miou"]) for stage in whole["stages"])
    seconds = sum(stage["seconds"] for stage in whole["stages"])
    yield stated("scores", "finite" if finite else "not finite", finite)
    yield stated("time", f"{seconds:.1f} s of training in {whole['backend']}")


def two_devices(setting: Setting) -> Iterator[Row]:
    """One stage on two devices of this machine, which add their gradients up by NCCL."""
    if setting.dry_run or torch.cuda.device_count() < 2:
        yield stated("two devices", "not run: there is one device")
        return
    words = ("trainer=ddp_gpu", "trainer.devices=2")
    _finished(_command(setting, "two", "method=real", "recipe.epochs=2", *words), setting.time_left)
    found = _result(setting, "two")
    ended = found["status"] == "finished" and math.isfinite(found["stages"][0]["val_miou"])
    yield stated("two devices", f"the chain is {found['status']}", ended)


def exported_chain(setting: Setting) -> Iterator[Row]:
    """The resumed chain as a model file: scores of the packed engine on the CPU against those of the device."""
    from bscnet import runtime

    source, file = _directory(setting, "chain"), setting.folder / "chain.safetensors"
    on_cpu = export(source, file).agreement
    found = read_source(source)
    scene = verification_scene(found.facts["voxel_size"], found.features, found.stage_directory)
    if setting.few:
        scene = cropped(scene, 60)
    with torch.no_grad():
        feats, coords = (torch.from_numpy(array).to(DEVICE) for array in (scene.feats, scene.coords))
        sites = sites_of(default_engine(setting))(coords)
        x = SparseTensor(feats, coords, "torch").replace(feats, sites)
        theirs = found.network.to(DEVICE).eval()(x).cpu().numpy()
    ours = runtime.load(file)(scene.coords, scene.feats)
    others = float((ours.argmax(1) != theirs.argmax(1)).mean())
    difference = float(np.abs(ours - theirs).max() / max(1.0, float(np.abs(theirs).max())))
    yield stated("scene", f"{scene.name}, {len(scene.coords)} sites")
    yield checked("against the CPU: share of other classes", 1 - on_cpu.same_class, OTHER_CLASSES)
    yield checked("against the device: share of other classes", others, OTHER_CLASSES)
    yield checked("against the device: difference of scores", difference, DIFFERENCE)


def _trainer(setting: Setting) -> tuple[str, ...]:
    return ("trainer=cpu", *SMALL) if setting.dry_run else ("trainer=gpu", "data.voxel_size=0.05", "data.num_workers=2")


def _command(setting: Setting, name: str, *words: str) -> list[str]:
    if setting.dry_run:
        from benchmarks.gpu.dry import tiny_scans

        scans = setting.folder / "scans"
        if not scans.is_dir():
            tiny_scans(scans)
    else:
        scans = ROOMS
        ensure_rooms(scans)
    fixed = ("data=scannet", f"data.root={scans}", "recipe=quick", "backend=torch", "picture=false")
    where = f"output_dir={setting.folder / name}"
    return [sys.executable, "-u", "-m", "bscnet.run", *fixed, where, *words]


def _interrupted(command: list[str], seconds: float) -> tuple[int, str]:
    """Run a chain and interrupt it in its second stage; its exit status and the last line of what went wrong."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # where this program runs in the background Ctrl-C is switched off, and its children with it
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdout is not None
        lines = [""]
        for line in process.stdout:
            lines.append(line.strip())
            if line.startswith("stage 2") and "epoch 1/" in line:
                process.send_signal(signal.SIGINT)
        return process.wait(timeout=max(seconds, 1)), next((line for line in reversed(lines) if line), "")


def _finished(command: list[str], seconds: float) -> None:
    """Run a chain to its end; RuntimeError: it ended otherwise."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=max(seconds, 1)
    )
    if done.returncode != 0:
        last = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()][-1:]
        raise RuntimeError(f"the chain ended with status {done.returncode}: {' '.join(last)}")


def _directory(setting: Setting, name: str) -> Path:
    (found,) = (setting.folder / name).glob("*/001")
    return found


def _result(setting: Setting, name: str) -> dict[str, Any]:
    return dict(json.loads((_directory(setting, name) / "result.json").read_text(encoding="utf-8")))
