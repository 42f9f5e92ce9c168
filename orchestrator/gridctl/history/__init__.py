"""What was declared and looked at, and when: kept in the store, so that a report can say what was changed since."""
