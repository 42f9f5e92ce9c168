"""Writes to a remote store for which training does not wait."""
