"""The built-in networks, a light U-Net and the recurrent γ-Net, registered like any plugin. Imports neither."""
