"""What may be said of patients like these, and not of these alone."""
