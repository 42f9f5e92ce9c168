"""ACDC: NIfTI volumes with labels of three structures."""
