"""The class id of what neither trains nor scores."""

IGNORE_INDEX = -100
