"""The charts of the page, as marks that templates draw as SVG."""
