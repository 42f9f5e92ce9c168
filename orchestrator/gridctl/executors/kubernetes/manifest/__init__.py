"""From a run's specification to its Job, through a template that users may replace."""
