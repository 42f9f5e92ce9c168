"""Formats that earlier versions wrote: frozen, always readable, and converted to the current ones."""
