"""Segments scans that nobody has annotated, with the trained models of finished runs."""
