"""`gridctl-trainer data check`: a whole data set looked at before anything is trained on it."""
