"""Statistics: pure functions over arrays of scores, that know nothing of runs or files."""
