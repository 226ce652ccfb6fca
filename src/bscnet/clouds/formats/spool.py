"""A temporary file for what is to be written later."""

from __future__ import annotations

import tempfile
import weakref


class Spool:
    """Bytes on the disk, which go when nobody holds the spool any more, whatever has happened.

    Attributes:
        file: to be written, sought in and read.
    """

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 (the finalizer closes it)
        weakref.finalize(self, self.file.close)
