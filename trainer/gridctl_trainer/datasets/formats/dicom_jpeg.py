"""Decodes the pixels of DICOM files that are compressed as JPEG, JPEG-LS or JPEG 2000.

imagecodecs reads all of them, including lossless and 12-bit streams. pydicom would use whichever decoder it finds on
the machine, and one of these, GDCM, terminates the whole process on some damaged files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom import uid
from pydicom.encaps import generate_frames

from gridctl_trainer.datasets.formats.jpeg_header import read_jpeg_header

_CODEC: Final[Mapping[str, str]] = {
    uid.JPEGBaseline8Bit: "jpeg8",
    uid.JPEGExtended12Bit: "jpeg8",
    uid.JPEGLossless: "jpeg8",
    uid.JPEGLosslessSV1: "jpeg8",
    uid.JPEGLSLossless: "jpegls",
    uid.JPEGLSNearLossless: "jpegls",
    uid.JPEG2000Lossless: "jpeg2k",
    uid.JPEG2000: "jpeg2k",
}


def is_jpeg(dataset: pydicom.Dataset) -> bool:
    """Whether `decode_jpeg` can decode this file."""
    return dataset.file_meta.TransferSyntaxUID in _CODEC


def decode_jpeg(dataset: pydicom.Dataset) -> NDArray[np.int64]:
    """Decode the stored values of the one greyscale image in a file.

    Returns:
        (rows, columns) int64.

    Raises:
        ValueError: The stream is damaged or does not hold such an image.
    """
    import imagecodecs

    stream = next(generate_frames(dataset.PixelData, number_of_frames=1))
    header = read_jpeg_header(stream)
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    # Check this before decoding, as a damaged header may ask for more memory than there is.
    if (header.rows, header.columns, header.samples) != (rows, columns, 1) or not 1 <= header.bits <= 16:
        raise ValueError(
            f"it holds {header.rows}x{header.columns} px of {header.samples} x {header.bits} bits, "
            f"the tags say {rows}x{columns} px of one sample"
        )
    decode: Callable[..., NDArray[Any]] = getattr(imagecodecs, f"{_CODEC[dataset.file_meta.TransferSyntaxUID]}_decode")
    try:
        decoded = decode(stream)
    except Exception as error:  # each codec raises its own exception
        raise ValueError(str(error) or type(error).__name__) from None
    if decoded.shape != (rows, columns):
        raise ValueError(f"its shape is {decoded.shape}, not {(rows, columns)}")
    # JPEG and JPEG-LS streams have no sign, and not every JPEG 2000 encoder sets it.
    bits = max(header.bits, int(dataset.BitsStored))
    values = decoded.astype(np.int64) & ((1 << bits) - 1)
    if int(dataset.get("PixelRepresentation") or 0) == 1:
        values[values >= 1 << (bits - 1)] -= 1 << bits
    return values
