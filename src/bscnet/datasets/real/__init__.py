"""Real scans from public packages as data sets: places under lidar, cut into folds, and single views of one sensor.

None is an indoor room with labels, so none stands in for ScanNet, and no accuracy on them compares with ScanNet's.
"""
