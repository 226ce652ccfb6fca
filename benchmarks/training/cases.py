"""What is measured: networks, kinds of step and backends."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from benchmarks.common.engines import ENGINE, ENGINE_AS_IT_COMES, TORCH

NETWORKS = ("fcn_s", "unet_s")
# precision and convolution of a stage, and what it is
VARIANTS = {
    "real": ("a32w32", "plain", "real-valued, SSC"),
    "ssc": ("a1w32", "plain", "1-bit activations, SSC"),
    "sfsc": ("a1w32", "shifted", "1-bit activations, SFSC (tetra4)"),
    "search": ("a1w32", "composite", "1-bit activations, composite (27 candidates)"),
}


@dataclass(frozen=True)
class Case:
    """One row of the table: one of NETWORKS, a key of VARIANTS, and TORCH, ENGINE or ENGINE_AS_IT_COMES."""

    network: str
    variant: str
    backend: str

    def __str__(self) -> str:
        return f"{self.network}, {self.variant}, {self.backend}"

    @property
    def sparse_backend(self) -> str:
        """The backend's name in bscnet."""
        return TORCH if self.backend == TORCH else ENGINE


def cases_of(network: str, with_engine: bool) -> list[Case]:
    """The rows of one network, torch first."""
    cases = [Case(network, variant, backend) for variant, backend in product(VARIANTS, (TORCH, ENGINE))]
    cases += [Case(network, variant, ENGINE_AS_IT_COMES) for variant in ("real", "ssc")]
    cases.sort(key=lambda case: list(VARIANTS).index(case.variant))
    return [case for case in cases if with_engine or case.backend == TORCH]
