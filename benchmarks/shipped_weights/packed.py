"""Both networks as model files, made once from their checkpoints."""

from __future__ import annotations

from pathlib import Path

from benchmarks.common.kept import digest, kept
from benchmarks.shipped_weights.chains import Chains
from benchmarks.shipped_weights.places import Places
from bscnet.errors import InputError
from bscnet.export import export
from bscnet.runs.manifest import Manifest

MOST_BYTES = 1_000_000
"""What a wheel is to carry at most."""


def pack(chains: Chains, places: Places, kind: str) -> Path:
    """Export a finished network, the binary one to its place in the package, unless its file is there already.

    Raises:
        InputError: it is not trained, it cannot be exported, or the binary one is too large to ship.
    """
    chain = chains.finished(kind)
    file, checkpoint = packed_file(chain, places, kind), Path(chain.stages[-1].checkpoint)
    record = places.records(chain.directory) / "export.json"

    def made() -> dict[str, str]:
        file.parent.mkdir(parents=True, exist_ok=True)
        size = export(chain.directory, file).file_bytes
        if kind == "binary" and size >= MOST_BYTES:
            file.unlink()
            raise InputError(f"{file} has {size:,} bytes, what ships must have less than {MOST_BYTES:,}")
        return {"sha256": digest(file)}

    of = {"checkpoint": digest(checkpoint)}
    if not file.is_file() or kept(record, of, made)["sha256"] != digest(file):
        record.unlink(missing_ok=True)
        kept(record, of, made)
    return file


def packed_file(chain: Manifest, places: Places, kind: str) -> Path:
    """Where the model file of a chain's network is, be it there or not."""
    return places.model if kind == "binary" else places.records(chain.directory) / "model.safetensors"
