"""Studies: a table of arms, run as chains over seeds, and what may be said of them afterwards."""
