"""An executor for gridctl that trains one run after another."""
