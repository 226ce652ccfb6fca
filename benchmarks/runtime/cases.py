"""What is measured on whole networks: networks, variants, engines and threads."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from benchmarks.common.engines import ENGINE, ENGINE_AS_IT_COMES, TORCH, thread_variables

NETWORKS = ("unet_h", "unet_s", "fcn_h", "fcn_s")
# precision and convolution of a stage, the method it belongs to, and what it is
VARIANTS = {
    "real": ("a32w32", "plain", "real", "real-valued, SSC"),
    "ssc": ("a1w1", "plain", "bsc_baseline", "binary, SSC"),
    "sfsc": ("a1w1", "shifted", "bsc_manual", "binary, SFSC (tetra4)"),
}
BINARY = ("ssc", "sfsc")
RUNTIME = "bscnet runtime"
SPCONV = "spconv"
OPEN3D = "open3d"


@dataclass(frozen=True)
class Case:
    """One row: one of NETWORKS, a key of VARIANTS, RUNTIME or a peer, and its threads."""

    network: str
    variant: str
    engine: str
    threads: int

    def __str__(self) -> str:
        return f"{self.network}, {self.variant}, {self.engine}, {self.threads} threads"

    @property
    def stem(self) -> str:
        """The case as a part of file names."""
        return str(self).replace(", ", "-").replace(" ", "_")

    def variables(self) -> dict[str, str]:
        """Thread settings of the process's environment."""
        return thread_variables(self.engine, self.threads)


def cases_of(network: str, threads: int, peers: Collection[str]) -> list[Case]:
    """The rows of one network on one scene, the runtime first; with `threads` and, as far as it tells more, with one.

    spconv's CPU kernels are wrong with more than one thread.

    peers: which of ENGINE, SPCONV and OPEN3D there are.
    """
    both = (threads, 1) if threads > 1 else (1,)
    cases = [Case(network, variant, RUNTIME, count) for count in both for variant in ("sfsc", "ssc", "real")]
    cases += [Case(network, variant, TORCH, threads) for variant in ("sfsc", "ssc")]
    cases += [Case(network, "real", TORCH, count) for count in both]
    if ENGINE in peers:
        cases += [Case(network, "real", ENGINE, count) for count in both]
        cases += [Case(network, "real", ENGINE_AS_IT_COMES, threads)] * (threads > 1)
    if SPCONV in peers:
        cases.append(Case(network, "real", SPCONV, 1))
    if OPEN3D in peers:
        cases += [Case(network, "real", OPEN3D, count) for count in both]
    return cases
