"""The steps from trained chains to numbers and pictures. Each keeps what it found and repeats nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.common.kept import digest, kept, known
from benchmarks.shipped_weights.chains import KINDS, Chains
from benchmarks.shipped_weights.packed import pack, packed_file
from benchmarks.shipped_weights.places import Places
from benchmarks.shipped_weights.scans import REAL, colors_of, look_at_real, look_at_room
from benchmarks.shipped_weights.score import OTHERWISE, held_out, score
from bscnet.errors import InputError


@dataclass(frozen=True)
class Steps:
    """chains: what is trained. places: where results go. rooms: how many are held out."""

    chains: Chains
    places: Places
    rooms: int

    def train(self) -> int:
        """Both networks; the exit status of the first that fails."""
        for kind in KINDS:
            status = self.chains.train(kind)
            if status != 0:
                return status
        return 0

    def export(self) -> None:
        """Their model files."""
        for kind in KINDS:
            pack(self.chains, self.places, kind)

    def score(self) -> None:
        """Both on the held-out rooms, and the binary one on the same rooms changed."""
        kept(self._record("score"), self._of_scores(), self._scored)

    def pictures(self) -> None:
        """The real scans, and the held-out room whose mIoU is in the middle."""
        there = self.seen()
        if there is not None and not all(self.places.card.with_name(name).is_file() for name in _pictures(there)):
            self._record("pictures").unlink()
        kept(self._record("pictures"), self._of_pictures(), self._seen)

    def scores(self) -> dict[str, Any]:
        """What the step score found; InputError: it has not been run."""
        found = known(self._record("score"), self._of_scores())
        if found is None:
            raise InputError("the networks are not scored yet: run the step score first")
        return found

    def seen(self) -> dict[str, Any] | None:
        """What the step pictures found; None: it has not been run."""
        return known(self._record("pictures"), self._of_pictures())

    def file(self, kind: str) -> Path:
        """The model file of a network; InputError: it is not exported."""
        file = packed_file(self.chains.finished(kind), self.places, kind)
        if not file.is_file():
            raise InputError(f"{file} is not there yet: run the step export first")
        return file

    def _scored(self) -> dict[str, Any]:
        data, store, names = held_out(self.chains.overrides("binary"), self.rooms)
        files = {kind: self.file(kind) for kind in KINDS}
        return {
            "rooms_seed": data.rooms_seed,
            **{kind: score(file, map(store.scan, names)) for kind, file in files.items()},
            "otherwise": {
                name: score(files["binary"], (change(store.scan(scene)) for scene in names))["miou"]
                for name, change in OTHERWISE.items()
            },
            **colors_of([store.scan(name) for name in names]),
        }

    def _seen(self) -> dict[str, Any]:
        scenes: dict[str, float] = self.scores()["binary"]["scenes"]
        middle = sorted(scenes, key=lambda name: scenes[name])[len(scenes) // 2]
        _, store, _ = held_out(self.chains.overrides("binary"), self.rooms)
        room = {"scene": middle, "miou": scenes[middle], "picture": look_at_room(store.scan(middle), self.places)}
        return {"room": room, "real": [look_at_real(name, self.places) for name in REAL]}

    def _of_scores(self) -> dict[str, Any]:
        return {**{kind: digest(self.file(kind)) for kind in KINDS}, "rooms": self.rooms}

    def _of_pictures(self) -> dict[str, Any]:
        return {"binary": digest(self.file("binary")), "rooms": self.rooms}

    def _record(self, step: str) -> Path:
        return self.places.records(self.chains.finished("binary").directory) / f"{step}.json"


def _pictures(seen: Mapping[str, Any]) -> list[str]:
    return [seen["room"]["picture"], *(scan["picture"] for scan in seen["real"])]
