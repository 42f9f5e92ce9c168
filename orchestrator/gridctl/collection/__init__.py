"""From a store to tables, with what was read before kept on this machine."""
