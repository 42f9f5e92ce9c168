"""Writes to a remote store that training does not wait for."""
