"""Data sets prepared once and kept on disk."""
