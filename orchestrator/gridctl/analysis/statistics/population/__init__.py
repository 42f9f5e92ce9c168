"""Inference about patients like these, not only about these."""
