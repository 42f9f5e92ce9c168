"""The lightweight U-Net."""
