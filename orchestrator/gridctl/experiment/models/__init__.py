"""The models of an experiment, and its ablations."""
