"""Plugins: what installed packages, or classes named by their path, add to gridctl.

Both packages import this one, so it stays light: neither torch nor numpy.
"""
