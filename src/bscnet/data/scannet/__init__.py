"""ScanNet v2 in its owners' folder layout: reading it, checking it, and predictions for its benchmark."""

from bscnet.data.scannet.check import check
from bscnet.data.scannet.reader import LABELLED_SPLITS, SPLITS, ScanNet
from bscnet.data.scannet.submission import write_submission, zip_submission

__all__ = ["LABELLED_SPLITS", "SPLITS", "ScanNet", "check", "write_submission", "zip_submission"]
