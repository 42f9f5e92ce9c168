"""Plugins: what installed packages, or classes named by their path, add to gridctl. Light: both packages read it."""
