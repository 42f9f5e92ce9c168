"""The built-in networks, registered like anybody's: a light U-Net and the recurrent γ-Net. Imports none of them."""
