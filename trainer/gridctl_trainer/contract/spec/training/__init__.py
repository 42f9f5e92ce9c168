"""How one model is trained: its loss, optimizer, learning rate and checkpoints."""
