"""The pipeline from decoded scans to batches: placing, voxelizing, collating, caching, loading. No data set is here."""
