"""What the author of a plugin runs against it: the same suites that gridctl's own parts pass. Needs pytest."""

import pytest

pytest.register_assert_rewrite("gridctl.testing.executors")
