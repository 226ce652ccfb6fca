"""Kernel maps of the torch backend that the process that loads a batch makes for the one that trains on it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from bscnet.errors import InputError
from bscnet.sparse.map_requests import MapRequests
from bscnet.sparse.torch import TorchSites


@dataclass(frozen=True)
class PreparedMaps:
    """What a batch brings along so that its kernel maps need not be made where it is used.

    made: the batch's sites with the forms that were known to be wanted; None before any are. requests: where to note
    what is asked of the sites; None: nowhere. The maps are those of the CPU: on a GPU they have another form.
    """

    made: TorchSites | None
    requests: MapRequests | None = None

    def sites(self, coords: Tensor) -> TorchSites:
        """The sites of ``(N, 4)`` coordinates, which are those of the batch.

        InputError: the prepared maps are of another number of sites.
        """
        sites = TorchSites(coords) if self.made is None else self.made
        if len(sites) != len(coords):
            raise InputError(f"the prepared kernel maps are of {len(sites)} sites, but there are {len(coords)}")
        if self.requests is not None:
            sites.record_requests(self.requests)
        return sites


def prepare_maps(coords: Tensor, requests: MapRequests) -> PreparedMaps | None:
    """The kernel maps of ``(N, 4)`` coordinates on the CPU that were asked for so far; None before any were."""
    wanted = requests.wanted()
    if not wanted:
        return None
    sites = TorchSites(coords)
    sites.prepare(wanted)
    return PreparedMaps(sites)
