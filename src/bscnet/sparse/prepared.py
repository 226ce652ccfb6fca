"""Kernel maps that the process that loads a batch makes for the one that trains on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor

from bscnet.errors import InputError
from bscnet.sparse.backend import Sites
from bscnet.sparse.map_requests import FORMS, Form, MapRequests
from bscnet.sparse.torch import TorchSites


class PreparableSites(Sites, Protocol):
    """Sites whose kernel maps can be made before they are asked for."""

    def prepare(self, wanted: list[list[Form]]) -> None:
        """Make the forms of this level, ``wanted[0]``, and of those below it."""
        ...

    def record_requests(self, requests: MapRequests) -> None:
        """From now on note in ``requests`` what is asked of this level and of those below it."""
        ...


@dataclass(frozen=True)
class PreparedMaps:
    """What a batch brings along so that its kernel maps need not be made where it is used.

    made: by backend, the batch's sites with the forms that were known to be wanted; empty before any are. requests:
    where to note what is asked of the sites; None: nowhere. The maps are those of the CPU: on a GPU they have another
    form.
    """

    made: Mapping[str, PreparableSites] = field(default_factory=dict)
    requests: MapRequests | None = None

    def sites(self, coords: Tensor, backend: str) -> PreparableSites:
        """The sites of ``(N, 4)`` coordinates, which are those of the batch, on one of the backends of ``FORMS``.

        InputError: the prepared maps are of another number of sites.
        """
        sites = self.made[backend] if backend in self.made else _new_sites(coords, backend)
        if len(sites) != len(coords):
            raise InputError(f"the prepared kernel maps are of {len(sites)} sites, but there are {len(coords)}")
        if self.requests is not None:
            sites.record_requests(self.requests)
        return sites


def prepare_maps(coords: Tensor, requests: MapRequests) -> PreparedMaps | None:
    """The kernel maps of ``(N, 4)`` coordinates on the CPU that were asked for so far; None before any were."""
    made: dict[str, PreparableSites] = {}
    for backend in FORMS:
        if wanted := requests.wanted(backend):
            made[backend] = _new_sites(coords, backend)
            made[backend].prepare(wanted)
    return PreparedMaps(made) if made else None


def _new_sites(coords: Tensor, backend: str) -> PreparableSites:
    if backend == "torch":
        return TorchSites(coords)
    from bscnet.sparse.native.sites import NativeSites

    return NativeSites(coords)
