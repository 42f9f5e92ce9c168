"""Seeds added in pairs until a comparison is decided or the budget is spent."""
