"""Distances between the surfaces of two masks, and the metrics made of them."""
