"""A preprocessing step of your own."""
