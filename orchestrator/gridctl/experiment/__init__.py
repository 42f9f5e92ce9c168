"""Experiment file -> validated experiment -> grid of runs."""

from gridctl.experiment.document import Document
from gridctl.experiment.grid import Experiment, load_experiment, parse_experiment

__all__ = ["Document", "Experiment", "load_experiment", "parse_experiment"]
