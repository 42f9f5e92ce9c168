"""Scores of predictions against truth: one module for each metric, which holds its descriptor and its function."""
