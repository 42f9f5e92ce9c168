"""The report as commands make it: collected, analysed, and written as files."""
