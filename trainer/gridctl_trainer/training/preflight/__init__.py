"""Finds what would keep runs from training before they start: device, data, patients, and one step of each model."""
