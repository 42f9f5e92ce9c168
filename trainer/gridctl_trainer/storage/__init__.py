"""Where runs keep everything: a folder or a bucket."""
