"""Names of the engines that more than one benchmark measures."""

from __future__ import annotations

from bscnet.sparse import resolve_backend

NATIVE = "native"
TORCH = "torch"
ENGINE = "minkowski"
# Without a word from bscnet, OpenBLAS starts threads of its own inside every OpenMP thread of MinkowskiEngine.
ENGINE_AS_IT_COMES = "minkowski, OpenBLAS threads as it comes"
NOT_ASKED_FOR = "it was not asked for (--torch-only)"


def minkowski_missing(torch_only: bool) -> str | None:
    """Why MinkowskiEngine is left out; None where it is not."""
    best, why = resolve_backend("auto")
    if torch_only:
        return NOT_ASKED_FOR
    return None if best == "minkowski" else f"{why} (`bscnet doctor` says how to get it)"


def openblas_threads(engine: str, threads: int) -> int | None:
    """OpenBLAS threads inside each of `threads` OpenMP threads; None where OpenBLAS has no part."""
    return {ENGINE: 1, ENGINE_AS_IT_COMES: threads}.get(engine)


def thread_variables(engine: str, threads: int) -> dict[str, str]:
    """Thread settings of a measured process's environment."""
    openblas = openblas_threads(engine, threads)
    extra = {} if openblas is None else {"OPENBLAS_NUM_THREADS": str(openblas)}
    return {"OMP_NUM_THREADS": str(threads), **extra}
