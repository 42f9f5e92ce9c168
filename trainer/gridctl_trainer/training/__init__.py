"""Trains one run: attempts, epochs, checkpoints and scores."""
