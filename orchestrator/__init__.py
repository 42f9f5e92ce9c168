"""The `gridctl` command: grid to answer. Sees `trainer.contract` and nothing else of `trainer`."""
