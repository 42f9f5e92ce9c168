"""The images of a run, as its training loop reads them."""
