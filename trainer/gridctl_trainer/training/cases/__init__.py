"""The scorecard of a run: the scores of whole cases on the scanner's grid."""
