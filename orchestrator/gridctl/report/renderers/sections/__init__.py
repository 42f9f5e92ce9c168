"""The tables of a report, each kind of question in a module of its own."""
