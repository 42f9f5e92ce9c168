"""`gridctl plan` and the cost that `submit` shows: from measured times per epoch and the spread of earlier runs."""
