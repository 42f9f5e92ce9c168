"""Side-by-side measurements: each script prints a ratio of two things that it measures in the same run."""
