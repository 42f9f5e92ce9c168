"""How one model is trained: its loss, its optimizer, its learning rate, its checkpoints."""
