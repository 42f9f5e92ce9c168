"""The documentation of all keys and the JSON Schema, made from the models."""
