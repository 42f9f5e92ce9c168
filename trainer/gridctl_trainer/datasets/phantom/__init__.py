"""A synthetic data set in the formats of the published ones."""
