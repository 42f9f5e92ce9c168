"""Moves data sets into a bucket and out of it."""
