"""What training can minimise: one module for each term."""
