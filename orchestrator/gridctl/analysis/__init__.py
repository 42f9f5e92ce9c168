"""From scores of runs to pairs, tests and intervals; independent of files and terminals."""
