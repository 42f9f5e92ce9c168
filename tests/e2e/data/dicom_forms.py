"""Writes one image in many forms of DICOM, as scanners, archives and anonymisers do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian, RLELossless

Form = Callable[[Path], object]


def rewrite(change: Callable[[Dataset], None]) -> Form:
    """A form with changed tags."""

    def form(path: Path) -> None:
        dataset = pydicom.dcmread(path)
        change(dataset)
        dataset.save_as(path)

    return form


def pixels(change: Callable[[np.ndarray], np.ndarray], **tags: object) -> Form:
    """A form that stores other values, with tags to match."""

    def changed(dataset: Dataset) -> None:
        stored = change(dataset.pixel_array.astype(np.int64))
        for keyword, value in tags.items():
            setattr(dataset, keyword, value)
        dataset.PixelData = stored.astype("<i2" if dataset.PixelRepresentation else "<u2").tobytes()

    return rewrite(changed)


def syntax(encoding: UID) -> Form:
    """An encoding without image compression."""

    def form(path: Path) -> None:
        dataset = pydicom.dcmread(path)
        if not encoding.is_little_endian:
            dataset.PixelData = dataset.pixel_array.astype(">i2").tobytes()
        dataset.file_meta.TransferSyntaxUID = encoding
        pydicom.dcmwrite(path, dataset, implicit_vr=encoding.is_implicit_VR, little_endian=encoding.is_little_endian)

    return form


def compressed(encoding: UID, encode: Callable[[np.ndarray], bytes]) -> Form:
    """A form that is compressed by an encoder of imagecodecs."""

    def form(path: Path) -> None:
        dataset = pydicom.dcmread(path)
        dataset.PixelData = encapsulate([encode(dataset.pixel_array)])
        dataset.file_meta.TransferSyntaxUID = encoding
        dataset.save_as(path)

    return form


def jpeg(array: np.ndarray, predictor: int = 1) -> bytes:
    return imagecodecs.jpeg8_encode(array.view(np.uint16), lossless=True, predictor=predictor, bitspersample=16)


def jpeg_12_bits(array: np.ndarray) -> bytes:
    return imagecodecs.jpeg8_encode(array.view(np.uint16), level=100, bitspersample=12)


def jpeg_ls(array: np.ndarray, error: int = 0) -> bytes:
    return imagecodecs.jpegls_encode(array.view(np.uint16), level=error)


def jpeg_2000(array: np.ndarray) -> bytes:
    return imagecodecs.jpeg2k_encode(array, codecformat="j2k", reversible=True)


def rle(path: Path) -> None:
    dataset = pydicom.dcmread(path)
    dataset.compress(RLELossless)
    dataset.save_as(path)


def without_preamble(path: Path) -> None:
    path.write_bytes(path.read_bytes()[132:])


def without_header(*, implicit: bool = False, little: bool = True) -> Form:
    """The bare data set, without preamble and file header."""

    def form(path: Path) -> None:
        dataset = pydicom.dcmread(path)
        bare = Dataset(dataset)
        if not little:
            bare.PixelData = dataset.pixel_array.astype(">i2").tobytes()
        pydicom.dcmwrite(path, bare, implicit_vr=implicit, little_endian=little)

    return form


def named(ending: str) -> Form:
    return lambda path: path.rename(path.with_suffix(ending))


def enhanced(dataset: Dataset) -> None:
    """An enhanced file with one frame, whose geometry and rescaling are in functional groups (PS3.3 C.7.6.16)."""
    measures, place, plane, values, shared, frame = (Dataset() for _ in range(6))
    measures.PixelSpacing = dataset.PixelSpacing
    place.ImagePositionPatient = dataset.ImagePositionPatient
    plane.ImageOrientationPatient = dataset.ImageOrientationPatient
    values.RescaleSlope, values.RescaleIntercept = "0.5", "-50"
    shared.PixelMeasuresSequence, shared.PixelValueTransformationSequence = [measures], [values]
    shared.PlaneOrientationSequence = [plane]
    frame.PlanePositionSequence = [place]
    dataset.SharedFunctionalGroupsSequence, dataset.PerFrameFunctionalGroupsSequence = [shared], [frame]
    dataset.NumberOfFrames = 1
    del dataset.PixelSpacing, dataset.ImagePositionPatient, dataset.ImageOrientationPatient
    dataset.PixelData = ((dataset.pixel_array.astype(np.int32) + 50) * 2).astype("<i2").tobytes()


def then(first: Form, change: Callable[[bytes], bytes]) -> Form:
    """A compressed form whose image stream is changed."""

    def form(path: Path) -> None:
        first(path)
        dataset = pydicom.dcmread(path)
        dataset.PixelData = encapsulate([change(next(generate_frames(dataset.PixelData, number_of_frames=1)))])
        dataset.save_as(path)

    return form


def shortened(first: Form) -> Form:
    return then(first, lambda stream: stream[: len(stream) * 9 // 10])


def damaged(first: Form) -> Form:
    return then(first, lambda stream: stream[:20] + b"PK" * 50 + stream[120:])


def cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])


def tag(keyword: str, value: object) -> Form:
    return rewrite(lambda dataset: setattr(dataset, keyword, value))


def without(keyword: str) -> Form:
    return rewrite(lambda dataset: delattr(dataset, keyword))


def both(first: Form, second: Form) -> Form:
    def form(path: Path) -> None:
        first(path)
        second(path)

    return form


def content(whole: bytes) -> Form:
    return lambda path: path.write_bytes(whole)


NEGATIVE = pixels(lambda p: p - 1000, RescaleSlope="1", RescaleIntercept="1000")
LOSSLESS = compressed(uid.JPEGLosslessSV1, jpeg)
LS = compressed(uid.JPEGLSLossless, jpeg_ls)
J2K = compressed(uid.JPEG2000Lossless, jpeg_2000)

SAME: dict[str, Form] = {
    "implicit": syntax(ImplicitVRLittleEndian),
    "big endian": syntax(ExplicitVRBigEndian),
    "deflated": syntax(DeflatedExplicitVRLittleEndian),
    "no preamble": without_preamble,
    "no header": without_header(),
    "no header, implicit": without_header(implicit=True),
    "no header, big endian": without_header(little=False),
    "no ending": named(""),
    "capital ending": named(".DCM"),
    "Siemens's ending": named(".IMA"),
    "RLE": rle,
    "JPEG lossless": LOSSLESS,
    "JPEG lossless, another predictor": compressed(uid.JPEGLossless, lambda array: jpeg(array, 6)),
    "JPEG-LS": LS,
    "JPEG 2000": J2K,
    "JPEG 2000, in a file": compressed(uid.JPEG2000Lossless, imagecodecs.jpeg2k_encode),
    "unsigned, 12 bits": pixels(lambda p: p, PixelRepresentation=0, BitsStored=12, HighBit=11),
    "negative": NEGATIVE,
    "negative, JPEG 2000": both(NEGATIVE, J2K),
    "negative, JPEG-LS": both(NEGATIVE, LS),
    "negative, JPEG lossless": both(NEGATIVE, LOSSLESS),
    "negative, JPEG 2000 without a sign": both(
        NEGATIVE, compressed(uid.JPEG2000Lossless, lambda array: jpeg_2000(array.view(np.uint16)))
    ),
    "slope of a half": pixels(lambda p: p * 2, RescaleSlope="0.5", RescaleIntercept="0"),
    "empty rescale tags": rewrite(lambda d: d.update({"RescaleSlope": None, "RescaleIntercept": None})),
    "padded": rewrite(lambda d: setattr(d, "PixelData", d.PixelData + bytes(64))),
    "enhanced": rewrite(enhanced),
    "empty optional tags": rewrite(lambda d: d.update({"InstanceNumber": None, "SpacingBetweenSlices": None})),
    "MONOCHROME1": pixels(
        lambda p: 4095 - p,
        PhotometricInterpretation="MONOCHROME1",
        PixelRepresentation=0,
        BitsStored=12,
        HighBit=11,
    ),
    "MONOCHROME1, signed": pixels(lambda p: -1 - p, PhotometricInterpretation="MONOCHROME1"),
}
"""Forms from which the same pixels are read."""

NEARLY: dict[str, tuple[Form, int]] = {
    "JPEG-LS with loss": (compressed(uid.JPEGLSNearLossless, lambda array: jpeg_ls(array, 3)), 3),
    "JPEG of 12 bits with loss": (
        both(
            pixels(lambda p: p, PixelRepresentation=0, BitsStored=12, HighBit=11),
            compressed(uid.JPEGExtended12Bit, jpeg_12_bits),
        ),
        4,
    ),
    "JPEG 2000 with loss": (
        compressed(uid.JPEG2000, lambda array: imagecodecs.jpeg2k_encode(array, level=95, codecformat="j2k")),
        8,
    ),
}
"""Lossy forms, each with the largest error of a pixel."""

REFUSED: dict[str, tuple[Form, str]] = {
    "no spacing": (without("PixelSpacing"), "no PixelSpacing (0028,0030)"),
    "empty spacing": (tag("PixelSpacing", None), "no PixelSpacing (0028,0030)"),
    "spacing of one number": (tag("PixelSpacing", "1.5"), "its PixelSpacing (0028,0030) is (1.5,) mm"),
    "spacing of the detector": (
        rewrite(lambda d: d.update({"ImagerPixelSpacing": d.PixelSpacing, "PixelSpacing": None})),
        "no PixelSpacing (0028,0030)",
    ),
    "slope of 0": (tag("RescaleSlope", "0"), "its RescaleSlope (0028,1053) is 0"),
    "frames": (
        rewrite(lambda d: d.update({"NumberOfFrames": 2, "PixelData": d.PixelData * 2})),
        "it holds 2 frames (0028,0008), not one image",
    ),
    "colour": (
        rewrite(
            lambda d: d.update(
                {
                    "PhotometricInterpretation": "RGB",
                    "SamplesPerPixel": 3,
                    "PlanarConfiguration": 0,
                    "PixelData": d.PixelData * 3,
                }
            )
        ),
        "its PhotometricInterpretation (0028,0004) is RGB",
    ),
    "palette": (tag("PhotometricInterpretation", "PALETTE COLOR"), "is PALETTE COLOR, not that of a grey image"),
    "fewer pixels": (
        rewrite(lambda d: setattr(d, "PixelData", d.PixelData[:-2000])),
        "not a readable DICOM image: The number of bytes of pixel data is less than expected",
    ),
    "JPEG lossless that is cut off": (shortened(LOSSLESS), "it is cut off"),
    "JPEG-LS that is cut off": (shortened(LS), "it is cut off"),
    "JPEG 2000 that is cut off": (shortened(J2K), "it is cut off"),
    "RLE that is cut off": (
        shortened(rle),
        "cannot decode its pixel data (RLE Lossless): pydicom: The amount",
    ),
    "JPEG of another size": (
        then(LOSSLESS, lambda stream: stream.replace(b"\x00\x80\x00\x80\x01", b"\xff\xff\xff\xff\x01", 1)),
        "it holds 65535x65535 px of 1 x 16 bits, the tags say 128x128 px of one sample",
    ),
    "damaged JPEG 2000": (damaged(J2K), "cannot decode its pixel data (JPEG 2000"),
    "cut": (cut, "The number of bytes of pixel data is less than expected"),
    "cut, JPEG 2000": (both(J2K, cut), "it has no pixel data"),
    "cut, deflated": (both(SAME["deflated"], cut), "incomplete or truncated stream"),
    "no pixels": (without("PixelData"), "it has no pixel data"),
    "no DICOM": (content(b"not an image"), "not a readable DICOM image"),
    "empty": (content(b""), "not a readable DICOM image"),
}
"""Forms that cannot be trained on, each with the message."""
