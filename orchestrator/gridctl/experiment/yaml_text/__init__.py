"""YAML files as text and plain values, within bounds."""
