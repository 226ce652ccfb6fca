"""NYU Depth v2: its MATLAB files, its 40 classes, and the way from a depth image to voxels (method section 9)."""
