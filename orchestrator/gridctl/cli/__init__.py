"""The commands that users type: parse, call one function, print, exit code."""
