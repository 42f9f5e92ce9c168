"""A few slices with truth and prediction, kept to look at."""
