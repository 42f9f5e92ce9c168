"""A metric of one's own."""
