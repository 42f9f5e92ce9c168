"""Data sets as published, and a synthetic one, prepared for training."""
