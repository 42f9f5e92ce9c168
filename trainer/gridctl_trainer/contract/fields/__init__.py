"""Types of fields in files that people write."""
