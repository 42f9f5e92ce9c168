"""The `gridctl` command: grid to answer. Sees `gridctl_trainer.contract` and nothing else of `trainer`."""
