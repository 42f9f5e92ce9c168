"""Side-by-side measurements: one script each, printing a ratio of two things measured in the same run."""
