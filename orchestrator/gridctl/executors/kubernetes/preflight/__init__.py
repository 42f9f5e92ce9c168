"""Checks of what a cluster has and allows, before any Job is created."""
