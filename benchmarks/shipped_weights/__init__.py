"""The weights that ship with the package: trained, exported, scored, looked at, and their model card."""
