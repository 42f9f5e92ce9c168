"""Models of what a run writes into its store and what is read back."""
