"""Whether a difference depends on the amount of data, or on an ablation."""
