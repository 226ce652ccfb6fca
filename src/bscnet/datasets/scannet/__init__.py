"""ScanNet v2 in its owners' folder layout: reading it, checking it, and predictions for its benchmark."""

from bscnet.datasets.scannet.check import check
from bscnet.datasets.scannet.reader import LABELLED_SPLITS, SPLITS, ScanNet
from bscnet.datasets.scannet.submission import write_submission, zip_submission

__all__ = ["LABELLED_SPLITS", "SPLITS", "ScanNet", "check", "write_submission", "zip_submission"]
