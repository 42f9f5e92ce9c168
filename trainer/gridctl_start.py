"""Where both commands start: whatever is called what in the user's folder, the installed modules are imported.

Python looks for modules in the folders of PYTHONPATH first, and an empty entry in it, as in
`PYTHONPATH=$PYTHONPATH:/opt/lib`, is the current folder. A `gridctl.py`, `yaml.py` or `torch.py`
there would be run in the place of the real one. So our own packages are imported from beside this
file, and the current folder is looked in last. The name of this module is one that nobody else
uses; it needs nothing but the standard library.
"""

from __future__ import annotations

import gc
import os
import sys

OBJECTS_BETWEEN_COLLECTIONS = 100_000
"""Imports create hundreds of thousands of objects that stay. At Python's default of several hundred, looking through
them again and again takes an eighth of the processor time of a short run."""


def gridctl() -> None:
    """The command `gridctl`."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    _settle_where_modules_come_from("gridctl_trainer", "gridctl")
    from gridctl.cli.main import main

    main()


def trainer() -> None:
    """The command `gridctl-trainer`."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    _settle_where_modules_come_from("gridctl_trainer")
    from gridctl_trainer.cli.main import main

    main()


def _settle_where_modules_come_from(*packages: str) -> None:
    try:
        here = os.path.realpath(os.getcwd())
    except OSError:  # the folder was deleted
        here = ""
    last = [entry for entry in sys.path if not os.path.isabs(entry) or os.path.realpath(entry) == here]
    others = [entry for entry in sys.path if entry not in last]
    sys.path[:] = [os.path.dirname(os.path.abspath(__file__)), *others]
    for package in packages:
        __import__(package)  # from here on its modules are found in its own folder
    sys.path[:] = [*others, *last]


if __name__ == "__main__":
    trainer()
