"""Writing a checkpoint so that an interrupted write never costs the older one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes to a temporary file in the same folder, flushes it to the disk, and renames it over the old one.

    (Lightning's own transaction goes through the system's temporary folder: across devices that is a copy, and a
    copy that is cut short leaves half a checkpoint.)
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: Any | None = None
    ) -> None:
        """Save `checkpoint` at `path`; on any failure the file that was there is untouched."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)  # mkstemp gives 0600; a checkpoint is as readable as other files
            os.replace(temporary, target)
        except BaseException:  # Ctrl-C included
            Path(temporary).unlink(missing_ok=True)
            raise
