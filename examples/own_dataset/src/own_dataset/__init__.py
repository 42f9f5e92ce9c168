"""A data set of NumPy files."""
