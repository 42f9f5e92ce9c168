"""Plugins: what installed packages, or a class named by its path, bring to gridctl. Light: both sides read it."""
