"""From slices as scanned to the arrays that models see."""
