"""Drafts a first experiment file for a user's data."""
