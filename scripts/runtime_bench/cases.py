"""What is measured on whole networks: networks, variants, engines and threads."""

from __future__ import annotations

from dataclasses import dataclass

from bench.cases import ENGINE, ENGINE_AS_IT_COMES, TORCH
from bench.cases import NETWORKS as SMALL_NETWORKS

# class in bscnet.models and its numbers, as in conf/model
NETWORKS = {
    "unet_h": ("UNet", {"m": 32, "reps": 2, "depth": 6}),
    "unet_s": SMALL_NETWORKS["unet_s"],
    "fcn_h": ("FCN", {"m": 24, "reps": 2, "depth": 8}),
    "fcn_s": SMALL_NETWORKS["fcn_s"],
}
IN_CHANNELS, NUM_CLASSES = 3, 20
# precision and convolution of a stage, the method it belongs to, and what it is
VARIANTS = {
    "real": ("a32w32", "plain", "real", "real-valued, SSC"),
    "ssc": ("a1w1", "plain", "bsc_baseline", "binary, SSC"),
    "sfsc": ("a1w1", "shifted", "bsc_manual", "binary, SFSC (tetra4)"),
}
BINARY = ("ssc", "sfsc")
RUNTIME = "bscnet runtime"
SPCONV = "spconv"


@dataclass(frozen=True)
class Case:
    """One row: keys of NETWORKS and VARIANTS, RUNTIME or a peer, and its threads."""

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
        settings = {"OMP_NUM_THREADS": str(self.threads)}
        if self.engine in (ENGINE, ENGINE_AS_IT_COMES):
            settings["OPENBLAS_NUM_THREADS"] = "1" if self.engine == ENGINE else str(self.threads)
        return settings


def cases_of(network: str, threads: int, with_engine: bool, with_spconv: bool) -> list[Case]:
    """The rows of one network on one scene, the runtime first; with `threads` and, as far as it tells more, with one.

    spconv's CPU kernels are wrong with more than one thread.
    """
    both = (threads, 1) if threads > 1 else (1,)
    cases = [Case(network, variant, RUNTIME, count) for count in both for variant in ("sfsc", "ssc", "real")]
    cases += [Case(network, variant, TORCH, threads) for variant in ("sfsc", "ssc")]
    cases += [Case(network, "real", TORCH, count) for count in both]
    if with_engine:
        cases += [Case(network, "real", ENGINE, count) for count in both]
        cases += [Case(network, "real", ENGINE_AS_IT_COMES, threads)] * (threads > 1)
    if with_spconv:
        cases.append(Case(network, "real", SPCONV, 1))
    return cases
