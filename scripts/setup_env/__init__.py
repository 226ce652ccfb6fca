"""Sets bscnet up on a fresh machine: system packages, environment, package, MinkowskiEngine. Standard library only."""
