"""Statistics: pure functions of arrays of scores, independent of runs and files."""
