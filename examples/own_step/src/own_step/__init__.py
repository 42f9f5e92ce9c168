"""A preprocessing step of one's own."""
