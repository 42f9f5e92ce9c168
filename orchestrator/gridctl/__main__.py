"""`python -m gridctl` is `gridctl`."""

from gridctl.cli.main import main

if __name__ == "__main__":
    main()
