"""Which runs form a pair, and how its two runs differ."""
