"""What commands print on the terminal, apart from the report."""
