"""What is odd, missing or implausible about a data set."""
