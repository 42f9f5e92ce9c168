"""Anybody's masks scored against the truth: two folders of label maps, the same metrics as those of runs."""
