"""What a run goes on from after an interruption."""
