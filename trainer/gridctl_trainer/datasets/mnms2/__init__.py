"""M&Ms-2: NIfTI volumes of both ends of the cycle, of which the short axis is read."""
