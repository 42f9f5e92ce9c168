"""M&Ms: 4D NIfTI files of several vendors and centres, labelled at both ends of the cycle."""
