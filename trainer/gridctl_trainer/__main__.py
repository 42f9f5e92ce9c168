"""Makes `python -m gridctl_trainer` run `gridctl-trainer`."""

from gridctl_trainer.cli.main import main

if __name__ == "__main__":
    main()
