"""Shows the progress of an attempt."""
