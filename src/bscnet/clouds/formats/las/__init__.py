"""LAS and LAZ of the ASPRS."""
