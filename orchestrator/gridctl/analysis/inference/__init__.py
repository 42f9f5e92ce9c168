"""Which tests a comparison gets, and what they come to: cells, the whole grid, trends, claims and looks."""
