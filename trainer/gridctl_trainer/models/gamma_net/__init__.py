"""γ-Net, a recurrent network in the shape of a U-Net."""
