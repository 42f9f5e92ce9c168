"""Distances between the surfaces of two masks, and the metrics that use them."""
