"""Scores of single cases and patients, and published ones beside them."""
