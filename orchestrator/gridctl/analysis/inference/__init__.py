"""The tests of a comparison and their results: cells, the whole grid, trends, claims and looks."""
