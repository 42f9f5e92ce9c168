"""A first experiment file for the data that a user has."""
