"""What the native backend would have gained a finished chain, measured on the chain's own network and data."""

from __future__ import annotations

from bscnet.chain.chain import Chain
from bscnet.chain.device import device_kind
from bscnet.chain.reopen import reopen
from bscnet.errors import InputError
from bscnet.models.step_time import StepTimes, step_times
from bscnet.sparse import resolve_backend

_NATIVE = "native"
_WORTH_TELLING = 1.1


def native_gain(chain: Chain) -> str | None:
    """A sentence that compares training steps of the chain's last network, on sites of the first validation scene.

    None where it ran on the native backend, on a GPU or in mixed precision, where the library is missing, or where
    little is gained.

    Raises:
        InputError: the checkpoint or the scene cannot be read.
    """
    trainer, used = chain.settings.trainer, chain.manifest.stages[-1].backend
    if used in (None, _NATIVE) or device_kind(trainer) != "cpu" or str(trainer.precision) not in ("32-true", "32"):
        return None
    try:
        resolve_backend(_NATIVE)
    except InputError:
        return None
    opened = reopen(chain.directory)
    batch = opened.data.val_scene(0).batch
    return gain_sentence(step_times(opened.restored.network, batch.coords, batch.feats, (used, _NATIVE)))


def gain_sentence(found: StepTimes) -> str | None:
    """What the times of a step on the native and one other backend say; None where little is gained."""
    (used, theirs), (_, ours) = found.seconds.items()
    if theirs < _WORTH_TELLING * ours:
        return None
    return (
        f"backend.name=native would take 1/{theirs / ours:.1f} of the time of {used} for a training step: "
        f"{1e3 * ours:.0f} ms against {1e3 * theirs:.0f} ms on {found.sites:,} sites of the first validation scene"
    )
