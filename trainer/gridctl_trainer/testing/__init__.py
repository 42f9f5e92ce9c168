"""Contract tests for each kind of plugin, for the plugin's author: subclass one, and run pytest."""
