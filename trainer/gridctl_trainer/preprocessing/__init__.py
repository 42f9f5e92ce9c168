"""Turns slices as scanned into the arrays that models see."""
