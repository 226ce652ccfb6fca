"""What a trained network makes of whole scenes: labels of their points, scores of a split, pages to look at."""
