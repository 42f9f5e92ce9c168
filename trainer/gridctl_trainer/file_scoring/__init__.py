"""Scores any masks against the truth: compares two folders of label maps with the metrics of runs."""
