"""The words of the search's settings, for whoever has to check one without importing torch. The default comes first."""

LOGITS = ("free", "factorised", "orbits", "by_level")
"""Where the logits of a group's shifts come from."""

RELAXATIONS = ("softmax", "gumbel_softmax", "gumbel_st", "supernet")
"""How a group's choice among shifts is relaxed while the search trains."""

DECISIONS = ("argmax", "mean", "perturbation")
"""How the plan is decided at the end of a search."""

RANKING_SPLITS = ("val", "train")
"""On which scenes shifts are ranked."""

PRESET_GROUPS = {"tetra4": 4, "corners8": 8, "faces8": 8, "center_corners": 9}
"""How many groups of channels a preset of shifts is made for."""

MANUALS = (*PRESET_GROUPS, "random", "random_per_layer", "none")
"""Shifts that no search decides."""

ALPHA_INITS = ("uniform", "centre", *PRESET_GROUPS, "random")
"""Where the search starts."""

PLAN_CHANGES = ("none", "permuted", "mirrored")
"""What is done to a plan that is applied from a file."""
