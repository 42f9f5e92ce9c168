"""Whether pods will reach the store, key by key of their environment."""
