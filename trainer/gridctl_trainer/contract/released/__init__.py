"""Formats that earlier versions wrote: frozen as they were, read for good, and converted into today's."""
