"""Experiment file -> validated experiment -> grid of runs."""

from orchestrator.experiment.document import Document
from orchestrator.experiment.grid import Experiment, load_experiment, parse_experiment

__all__ = ["Document", "Experiment", "load_experiment", "parse_experiment"]
