"""Files that are broken by accident or on purpose: one clear error in short time, and no number that changed."""
