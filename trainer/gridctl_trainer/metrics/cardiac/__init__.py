"""Metrics of how the heart pumps, of patients with masks at end-diastole and end-systole."""
