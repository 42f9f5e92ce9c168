"""M&Ms-2: NIfTI volumes of both ends of the cycle; the short-axis volumes are read."""
