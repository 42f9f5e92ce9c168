"""`gridctl-trainer data check`: inspects a whole data set before anything is trained on it."""
