"""M&Ms: 4D NIfTI of several vendors and centres, labels at both ends of the cycle."""
