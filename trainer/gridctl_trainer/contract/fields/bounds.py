"""Bounds for the values in a run's records: far beyond any real training, and small enough that arithmetic on them
cannot overflow.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AwareDatetime, Field

MAX_EPOCHS: Final = 9999
"""Epochs of one run; checkpoint keys write the epoch with four digits."""

MAX_ATTEMPTS: Final = 10**9 - 1

Attempt = Annotated[int, Field(ge=1, le=MAX_ATTEMPTS)]
Epoch = Annotated[int, Field(ge=1, le=MAX_EPOCHS)]
Count = Annotated[int, Field(ge=0, le=10**15)]
ExitCode = Annotated[int, Field(ge=-255, le=255)]
"""Exit code of a process; negative for the signal that killed it."""

Loss = Annotated[float, Field(ge=-1e40, le=1e40)]
"""Larger than any float32."""

PositiveLoss = Annotated[float, Field(ge=0, le=1e40)]
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, le=1e9)]
Volume = Annotated[float, Field(ge=0, le=1e9)]
"""A volume in ml."""

Time = Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))]
