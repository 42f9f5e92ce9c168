"""What every plugin of a kind promises, as tests that its author runs against it: subclass one, and call pytest."""
