"""Training one run: attempts, epochs, checkpoints, scores."""
