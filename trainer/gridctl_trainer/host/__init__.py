"""What this machine offers and does: files, locks, folders of the user, cores, signals."""
