"""Experiment files of earlier versions: read for reports, never to train from."""
