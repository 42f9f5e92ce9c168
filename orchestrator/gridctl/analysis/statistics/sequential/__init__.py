"""Looking at results before all seeds are there."""
