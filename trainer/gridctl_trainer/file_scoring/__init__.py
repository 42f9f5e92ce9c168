"""Scores any masks against the truth: two folders of label maps, with the metrics of runs."""
