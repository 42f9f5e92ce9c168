"""From a store to tables, with a cache on this machine."""
