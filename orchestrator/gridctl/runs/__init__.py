"""The states of runs, as every command names them."""
