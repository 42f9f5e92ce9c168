"""Checkpoints, from which a run continues after an interruption."""
