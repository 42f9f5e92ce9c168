"""Sequential tests: looking at results before all seeds are complete."""
