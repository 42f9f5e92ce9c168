"""Metrics, which compare predictions with the truth. Each module holds the functions and descriptors of its metrics."""
