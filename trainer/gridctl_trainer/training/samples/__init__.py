"""Pictures of a few slices with truth and prediction, for users to look at."""
