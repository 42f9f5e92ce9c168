"""The data sets of an experiment, how they are split, and how their images are prepared."""
