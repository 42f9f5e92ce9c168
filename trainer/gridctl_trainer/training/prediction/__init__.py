"""Masks of scans that nobody outlined, by the trained models of finished runs."""
