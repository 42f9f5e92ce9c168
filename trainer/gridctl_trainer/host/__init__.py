"""Access to this machine: files, locks, the user's folders, cores and signals."""
