"""Masks that somebody else made as one side of a comparison, tested over patients."""
