"""Files that are broken by accident or on purpose give one clear error quickly, and never a changed number."""
