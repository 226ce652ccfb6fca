"""What `bscnet doctor` tries. Each probe runs in a process of its own: `python -m bscnet.cli.probes NAME`.

A probe returns one line about what it found and raises where something is wrong.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, NamedTuple

from bscnet.installation import extra_of, how_to_install, in_checkout, missing
from bscnet.threads import COUNT, SPINS, waiting

PACKAGES = ("pytorch-lightning", "torchmetrics", "hydra-core", "omegaconf", "matplotlib", "rich")


PREDICT, TRAIN = "predict", "train"
USES = (PREDICT, TRAIN)
"""What bscnet is installed for; what predicting needs, training needs too."""


class Probe(NamedTuple):
    """One thing to try: what needs it, whether it can do without, and what to do where it fails."""

    run: Callable[[], str]
    use: str
    required: bool
    advice: str


def python() -> str:
    """The interpreter and the cores it may use."""
    if sys.version_info < (3, 11):  # noqa: UP036  # a copied folder is run by whatever interpreter is at hand
        raise RuntimeError(f"Python {sys.version.split()[0]} is too old")
    return f"{sys.version.split()[0]}, {os.cpu_count()} cores"


def openmp() -> str:
    """How many threads OpenMP has, and how those that have nothing to do wait."""
    return f"{COUNT} {os.environ.get(COUNT, 'not set')}; idle threads: {waiting()}"


def engine() -> str:
    """The compiled engine labels a little cloud by a network that ships with the package."""
    import numpy as np

    from bscnet import load
    from bscnet.runtime import implementation
    from bscnet.shipped import shipped_names

    name = shipped_names()[0]
    points = np.stack(np.meshgrid(*[np.arange(0, 1, 0.1)] * 3), axis=-1).reshape(-1, 3)
    labels, _ = load(name).label(points, np.full(points.shape, 128, dtype=np.uint8))
    if len(labels) != len(points):
        raise RuntimeError(f"{len(points)} points have {len(labels)} labels")
    return f"{implementation()} kernels; {name} labels {len(points)} points"


def formats() -> str:
    """The packages that read formats beside PLY, NPZ and text."""
    if lacking := missing(*FORMATS):
        raise RuntimeError(", ".join(f"no {name}: {FORMATS[name]}" for name in lacking))
    lzf = "without compressed PCD: " + how_to_install(extra_of(LZF)) if missing(LZF) else f"{LZF} {version(LZF)}"
    return ", ".join([*(f"{name} {version(name)}" for name in FORMATS), lzf])


def packages() -> str:
    """The packages that training imports."""
    import hydra  # noqa: F401
    import matplotlib  # noqa: F401
    import omegaconf  # noqa: F401
    import pytorch_lightning  # noqa: F401
    import torchmetrics  # noqa: F401

    return ", ".join(f"{name} {version(name)}" for name in PACKAGES)


def configuration() -> str:
    """The configuration folder composes."""
    from hydra import compose, initialize_config_dir

    from bscnet.paths import config_dir

    folder = config_dir()
    with initialize_config_dir(folder, version_base=None):
        compose("config")
    return folder


def torch_backend() -> str:
    """A convolution that was worked out by hand, forward and backward, where training would run it."""
    import torch

    from bscnet.nn import SparseConv3d
    from bscnet.sparse import SparseTensor
    from bscnet.sparse.torch import TorchSites

    device = "cuda" if torch.cuda.is_available() else "cpu"
    # Two neighbours along x and a site apart; all channels alike.
    coords = torch.tensor([[0, 0, 0, 0], [0, 1, 0, 0], [0, 5, 5, 5]], device=device)
    feats = torch.tensor([[1.0], [10.0], [100.0]], device=device).repeat(1, 16).requires_grad_()
    conv = SparseConv3d(16, 16, kernel_size=3).to(device)
    torch.nn.init.constant_(conv.weight, 2.0 / 16)
    x = SparseTensor(feats, coords, backend="torch")
    y = conv(x).feats
    _expect("gave", y, [22, 22, 200])
    y.sum().backward()
    _expect("gave its features the gradient", feats.grad, [4, 4, 2])
    _expect("gave its cells the gradient", conv.weight.grad, [0] * 12 + [1, 111, 10] + [0] * 12)
    name = torch.cuda.get_device_name() if device == "cuda" else "no CUDA device"
    engine = "torch's operators" if isinstance(x.sites, TorchSites) else "Triton kernels"
    return f"torch {torch.__version__}, {name}; a convolution by {engine} is right, forward and backward"


def _expect(what: str, numbers: Any, right: list[int]) -> None:
    rows = numbers.detach().flatten(1).tolist()
    if rows != [[number] * len(row) for number, row in zip(right, rows, strict=True)]:
        raise RuntimeError(f"a convolution {what} {[row[0] for row in rows]} in place of {right}")


def minkowski_backend() -> str:
    """The same random convolution on MinkowskiEngine and torch."""
    return f"MinkowskiEngine {version('MinkowskiEngine')}, agrees with torch to {_difference('minkowski'):.0e}"


def native_backend() -> str:
    """The same random convolution by the compiled library and torch."""
    from bscnet.runtime import implementation
    from bscnet.sparse.native.library import tiles

    error = _difference("native")
    return f"the compiled library ({implementation()} kernels, tiles {tiles()}) agrees with torch to {error:.0e}"


def _difference(backend: str) -> float:
    import torch

    from bscnet.nn import SparseConv3d
    from bscnet.sparse import SparseTensor

    torch.manual_seed(0)
    cells = torch.nonzero(torch.rand(12, 12, 12) < 0.2).to(torch.int32)
    coords = torch.cat([torch.zeros_like(cells[:, :1]), cells], dim=1)
    feats = torch.randn(len(coords), 8)
    conv = SparseConv3d(8, 16, kernel_size=3)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours, theirs = (conv(SparseTensor(feats, coords, backend=name)).feats for name in ("torch", backend))
    error = float((ours - theirs).abs().max())
    if not error < 1e-4:
        raise RuntimeError(f"{backend} and torch differ by {error:.1e} in a convolution")
    return error


def ray_casting() -> str:
    """Open3D imports and casts a ray: what the simulated rooms are made with."""
    import numpy as np
    import open3d as o3d

    box = o3d.t.geometry.TriangleMesh.from_legacy(o3d.geometry.TriangleMesh.create_box())
    scene = o3d.t.geometry.RaycastingScene()
    scene.add_triangles(box)
    ray = o3d.core.Tensor([[0.5, 0.5, -2.0, 0.0, 0.0, 1.0]], dtype=o3d.core.Dtype.Float32)
    distance = float(scene.cast_rays(ray)["t_hit"].numpy()[0])
    if not np.isclose(distance, 2.0):
        raise RuntimeError(f"a ray met a box at {distance} m in place of 2 m")
    return f"Open3D {o3d.__version__}, ray casting is right"


def pictures() -> str:
    """Pillow writes the words of a picture; the rest of it needs numpy alone."""
    import numpy as np
    import PIL

    from bscnet.viz.sheet import compose

    sheet = compose("", {"a title": np.full((8, 8, 3), 255, dtype=np.uint8)}, [])
    if np.asarray(sheet).min() > 128:
        raise RuntimeError("its letters leave no mark")
    return f"drawn, with the letters of Pillow {PIL.__version__}"


def wandb() -> str:
    """Weights & Biases imports; without an account it logs offline."""
    import wandb

    return f"wandb {wandb.__version__}"


def compiler() -> str:
    """A C++ compiler, for building MinkowskiEngine."""
    found = shutil.which("g++")
    if found is None:
        raise RuntimeError("no g++ on the PATH")
    done = subprocess.run([found, "-dumpfullversion"], capture_output=True, text=True, check=True)
    return f"g++ {done.stdout.strip()}"


def blas() -> str:
    """An OpenBLAS to link with, for building MinkowskiEngine."""
    command = [shutil.which("g++") or "g++", "-x", "c++", "-", "-lopenblas", "-o", os.devnull]
    done = subprocess.run(command, input=b"int main() {}", capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError("the compiler finds no libopenblas")
    return "OpenBLAS links"


_MINKOWSKI = (
    "make engine builds it, log in .cache/logs/minkowski-build.log"
    if in_checkout()
    else "it is built by `make setup` in a checkout of bscnet"
) + "; meanwhile the torch backend serves"

_TO_BUILD = "; only building MinkowskiEngine needs it"

FORMATS = {"laspy": "LAS and LAZ", "lazrs": "LAZ"}
"""Packages that read clouds, and which."""

LZF = "imagecodecs"
"""The package that reads compressed PCD files."""

PROBES = {
    "python": Probe(python, PREDICT, True, "install Python 3.11 or newer, and bscnet with it"),
    "engine": Probe(engine, PREDICT, True, how_to_install("")),
    "formats": Probe(formats, PREDICT, False, how_to_install("predict")),
    "pictures": Probe(pictures, PREDICT, False, how_to_install("predict")),
    "threads": Probe(
        openmp, TRAIN, False, f"import bscnet before torch, or set GOMP_SPINCOUNT={SPINS} in the environment"
    ),
    "packages": Probe(packages, TRAIN, True, how_to_install("train")),
    "configuration": Probe(configuration, TRAIN, True, how_to_install("train")),
    "torch backend": Probe(torch_backend, TRAIN, True, how_to_install("train")),
    "minkowski backend": Probe(minkowski_backend, TRAIN, False, _MINKOWSKI),
    "native backend": Probe(native_backend, TRAIN, False, how_to_install("")),
    "open3d": Probe(
        ray_casting,
        TRAIN,
        True,
        f"apt-get install libusb-1.0-0 libgl1 libegl1 libgomp1, then {how_to_install('train')}",
    ),
    "wandb": Probe(wandb, TRAIN, False, how_to_install("train") + "; only logger=wandb needs it"),
    "compiler": Probe(compiler, TRAIN, False, "apt-get install build-essential" + _TO_BUILD),
    "openblas": Probe(blas, TRAIN, False, "apt-get install libopenblas-dev" + _TO_BUILD),
}


def main(name: str) -> int:
    """Run one probe: what it found goes to stdout with status 0, the reason it failed to stderr with status 1."""
    try:
        print(PROBES[name].run())
    except Exception as error:  # whatever goes wrong here is the finding
        reason = " ".join(str(error).split())
        print(f"{type(error).__name__}: {reason}"[:300], file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
