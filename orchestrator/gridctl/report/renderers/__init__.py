"""A report as text, tables, data or a page."""
