"""How far an attempt is, for whoever started it."""
