"""The scorecards of runs as tables: every metric of every case."""
