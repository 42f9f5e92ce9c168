"""`python -m gridctl_trainer` is `gridctl-trainer`."""

from gridctl_trainer.cli.main import main

if __name__ == "__main__":
    main()
