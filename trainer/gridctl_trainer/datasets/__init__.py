"""Readers of published data sets, and a synthetic data set."""
