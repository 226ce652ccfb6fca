"""A piece of furniture: labelled parts in a frame of its own."""

from __future__ import annotations

from dataclasses import dataclass, field

from bscnet.simulate.primitives import Floats, Mesh
from bscnet.simulate.textures import Material


@dataclass(frozen=True)
class Part:
    """A mesh with one NYU40 label and one material."""

    mesh: Mesh
    label: int
    material: Material

    def placed(self, turn: Floats, offset: Floats) -> Part:
        """The part rotated by the matrix `turn` (3, 3), then moved by `offset` (3,)."""
        return Part(Mesh(self.mesh.vertices @ turn.T + offset, self.mesh.triangles), self.label, self.material)


@dataclass
class Item:
    """Parts around a footprint of `width` (x) by `depth` (y) metres, `height` metres tall.

    The footprint is centred on the origin, the item stands on z = 0, its back looks to +y and its front to -y.
    `top` is the part of its upper side that can carry things: (width, depth, height), or None.
    """

    width: float
    depth: float
    height: float
    top: tuple[float, float, float] | None = None
    parts: list[Part] = field(default_factory=list)

    def add(self, mesh: Mesh, label: int, material: Material) -> None:
        """Append a part."""
        self.parts.append(Part(mesh, label, material))

    def absorb(self, other: Item, x: float = 0.0, y: float = 0.0, z: float = 0.0, yaw: float = 0.0) -> None:
        """Take over the parts of `other`, turned by `yaw` and moved by (x, y, z); the footprint stays as it is."""
        for part in other.parts:
            self.parts.append(Part(part.mesh.turned(yaw).moved(x, y, z), part.label, part.material))
