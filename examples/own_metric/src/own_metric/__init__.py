"""A metric of your own."""
