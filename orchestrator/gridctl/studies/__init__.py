"""Published studies whose printed values are shown beside ours: one package each; see `experiment.study_registry`."""
