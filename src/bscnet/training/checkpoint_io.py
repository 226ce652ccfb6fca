"""Writing a checkpoint so that an interrupted write never costs the older one."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO

from bscnet.whole_file import written_whole


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes to a draft in the same folder, flushes it to the disk, and renames it over the old one.

    (Lightning's own transaction goes through the system's temporary folder: across devices that is a copy, and a
    copy that is cut short leaves half a checkpoint.)
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: Any | None = None
    ) -> None:
        """Save `checkpoint` at `path`; on any failure the file that was there is untouched.

        Raises:
            InputError: the folder or the disk does not take it.
        """
        # by way of memory: of a full disk, torch does not say what is wrong
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        with written_whole(Path(path), durable=True) as stream:
            stream.write(buffer.getbuffer())
