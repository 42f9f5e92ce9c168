"""The state of runs, from Jobs and pods."""
