"""Triton kernels. Imported by whoever launches one, and by nobody before."""
