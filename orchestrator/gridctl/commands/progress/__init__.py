"""How far the runs of an experiment are, and why some wait or failed."""
