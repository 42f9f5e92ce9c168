"""Readers of file formats that know nothing of data sets."""
