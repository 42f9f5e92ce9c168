"""Which experiment and which runs a command is about."""
