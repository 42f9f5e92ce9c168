"""Published studies whose printed values stand beside ours: a package each, named in `experiment.study_registry`."""
