"""Field types for files that users write."""
