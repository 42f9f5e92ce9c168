"""From scores of runs to pairs, tests and intervals; knows no file and no terminal."""
