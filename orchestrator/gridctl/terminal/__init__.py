"""What is written to a terminal, at any width."""
