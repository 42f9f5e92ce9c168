"""Scores that an experiment names, and how its metrics describe them."""
