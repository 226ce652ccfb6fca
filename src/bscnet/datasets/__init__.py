"""The data sets, a folder each: what lies in their owners' files, and the LightningDataModule that serves it."""
