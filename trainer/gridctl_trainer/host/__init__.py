"""Services of this machine: files, locks, the user's folders, cores, signals."""
