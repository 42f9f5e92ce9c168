"""Which preprocessing steps run."""

from __future__ import annotations

from typing import Annotated

from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.spec.identity import DECIDES


class PreprocessingSpec(Frozen):
    """Which steps run, in this order; crop and pad always do (thesis 4.2).

    Attributes:
        gaussian: 3x3 Gaussian blur, sigma 1 px.
        clahe: Contrast-limited adaptive histogram equalisation, clip limit 2, 8x8 tiles, uint16.
        minmax: Scaling of each image to [0, 1].
        resize: Downsampling so that the shorter edge equals `size_px`, if it is longer.
    """

    gaussian: Annotated[bool, DECIDES] = True
    clahe: Annotated[bool, DECIDES] = True
    minmax: Annotated[bool, DECIDES] = True
    resize: Annotated[bool, DECIDES] = True
