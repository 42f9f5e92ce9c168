"""The built-in networks, registered like any plugin: a light U-Net and the recurrent γ-Net. Imports neither."""
