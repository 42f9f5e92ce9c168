"""Contract suites for authors of plugins: gridctl's own executors pass the same ones. Needs pytest."""

import pytest

pytest.register_assert_rewrite("gridctl.testing.executors")
