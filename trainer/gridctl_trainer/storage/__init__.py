"""Stores, in which runs keep everything: a folder or a bucket."""
