"""nnU-Net's raw layout: one file per channel of a case, and labels whose names are given in dataset.json."""
