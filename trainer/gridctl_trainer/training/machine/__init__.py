"""The device and libraries that a run trains with."""
