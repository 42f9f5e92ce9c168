"""The commands of `gridctl-trainer`."""
