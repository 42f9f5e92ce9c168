"""Experiment files as earlier versions stored them: read for what they trained, never to train it."""
