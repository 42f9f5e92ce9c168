"""Which runs are a pair, and in what its halves differ."""
