"""What is measured on whole networks: networks, kinds of step, backends and threads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.common.engines import ENGINE, ENGINE_AS_IT_COMES, NATIVE, TORCH

NETWORKS = ("fcn_s", "unet_s", "unet_h")
# precision and convolution of a stage, and what it is
VARIANTS = {
    "real": ("a32w32", "plain", "real-valued, SSC"),
    "ssc": ("a1w32", "plain", "1-bit activations, SSC"),
    "sfsc": ("a1w32", "shifted", "1-bit activations, SFSC (tetra4)"),
    "search": ("a1w32", "composite", "1-bit activations, composite (27 candidates)"),
    "binary": ("a1w1", "plain", "binary, SSC"),
    "sfsc_binary": ("a1w1", "shifted", "binary, SFSC (tetra4)"),
}
GROUPS = (("real",), ("ssc", "sfsc", "search"), ("binary", "sfsc_binary"))
"""Variants whose processes live and step together: what is compared, and no more than fits in the memory."""
LARGE = "unet_h"
"""The network of which the least telling rows are left out."""
MODULES = "torch, module by module"
"""The torch backend on networks whose modules are called one by one, as before there were fused operations."""


@dataclass(frozen=True)
class Case:
    """A process that makes steps.

    network: one of NETWORKS. variant: key of VARIANTS. backend: NATIVE, TORCH, MODULES, ENGINE or ENGINE_AS_IT_COMES.
    threads: of all of it.
    """

    network: str
    variant: str
    backend: str
    threads: int

    def __str__(self) -> str:
        return f"{self.network}, {self.variant}, {self.backend}, {threads_in_words(self.threads)}"

    @property
    def stem(self) -> str:
        """The case as a part of file names."""
        return str(self).replace(", ", "-").replace(" ", "_")

    @property
    def sparse_backend(self) -> str:
        """The backend's name in bscnet."""
        return {MODULES: TORCH, ENGINE_AS_IT_COMES: ENGINE}.get(self.backend, self.backend)


LIBGOMP_SPINS = "300000"
"""Turns that libgomp lets idle threads spin where nobody says another number."""


def thread_variables(backend: str, threads: int) -> dict[str, str]:
    """What is set in the environment of a process beside what its user has there; the rest bscnet sets itself."""
    variables = {"OMP_NUM_THREADS": str(threads)}
    if backend == ENGINE_AS_IT_COMES:
        variables |= {"OPENBLAS_NUM_THREADS": str(threads), "GOMP_SPINCOUNT": LIBGOMP_SPINS}
    return variables


def threads_in_words(threads: int) -> str:
    return f"{threads} thread{'s' * (threads != 1)}"


def cases_of(network: str, variants: Iterable[str], threads: int, alone: bool, with_engine: bool) -> list[Case]:
    """The rows of a network with so many threads, native first.

    alone: no other number of threads is measured: then each variant has its row on torch, which others are compared
    with.
    """
    cases = []
    for variant in variants:
        if (network, variant) == (LARGE, "sfsc_binary"):
            continue
        backends = [NATIVE]
        backends += [TORCH] * (alone or threads > 1 or network != LARGE)
        if with_engine:
            backends += [ENGINE]
            backends += [ENGINE_AS_IT_COMES] * (threads > 1 and variant in ("real", "ssc"))
        cases += [Case(network, variant, backend, threads) for backend in backends]
    return cases
