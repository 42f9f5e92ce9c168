"""Data sets that were prepared once and are kept on disk."""
