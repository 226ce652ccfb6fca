"""A scene as one HTML file that opens from disk and can be turned: no server, no network, no installation."""

from bscnet.viz.page.page import write_page
from bscnet.viz.page.scene import PageScene

__all__ = ["PageScene", "write_page"]
