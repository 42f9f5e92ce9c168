"""nnU-Net's raw layout: cases as files of channels, labels by the names that dataset.json gives them."""
