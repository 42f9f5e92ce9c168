"""Metrics of cardiac function, for patients with masks at end-diastole and end-systole."""
