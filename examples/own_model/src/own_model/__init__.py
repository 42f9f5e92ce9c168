"""A U-Net of residual blocks, as a plugin of gridctl."""
