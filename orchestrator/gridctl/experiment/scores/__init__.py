"""Scores that an experiment names, and what its metrics say of them."""
