"""What a run leaves in its store, as models that are written and read back."""
