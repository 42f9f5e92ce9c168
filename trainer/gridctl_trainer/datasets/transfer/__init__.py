"""Data sets on their way into a bucket and out of it."""
