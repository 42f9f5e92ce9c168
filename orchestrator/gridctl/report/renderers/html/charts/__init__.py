"""The charts of the page, as marks that templates write as SVG."""
