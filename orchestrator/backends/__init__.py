"""Where attempts execute."""
