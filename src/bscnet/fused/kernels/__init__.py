"""Triton kernels and their launches. Imported by the body of an operator that launches one, and by nobody before."""
