"""Checks for what is odd, missing or implausible in a data set."""
