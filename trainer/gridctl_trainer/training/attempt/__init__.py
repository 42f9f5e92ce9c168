"""One process that tries to finish a run."""
