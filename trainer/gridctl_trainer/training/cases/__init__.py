"""The scorecard of a run: what a model says of whole cases, on the scanner's grid."""
