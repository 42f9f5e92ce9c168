"""What the API server says of Jobs and pods, as the state of runs."""
