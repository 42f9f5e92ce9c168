"""Draws a synthetic short-axis heart: its anatomy as polygons, and the image that a scanner would make of it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
_SUPERSAMPLING = 4
_POINTS = 96


@dataclass(frozen=True, slots=True)
class Scanner:
    """How a scanner depicts tissue.

    Attributes:
        size_px: Side length of the square image.
        spacing_mm: Side length of a pixel.
        gain: Intensity of the brightest tissue.
        blood, muscle, fat, lung, organ: Intensities relative to the gain, in [0, 1].
        noise: Standard deviation of the noise in each channel, relative to the gain.
        bias: Relative strength of the smooth field that brightens one side.
    """

    size_px: int
    spacing_mm: float
    gain: float
    blood: float
    muscle: float
    fat: float
    lung: float
    organ: float
    noise: float
    bias: float


@dataclass(frozen=True, slots=True)
class Anatomy:
    """The heart and chest of one patient.

    Attributes:
        centre_mm: Centre of the left ventricle relative to the image's centre, x and y.
        angle: Angle of the septum in radians.
        radius_mm: Radius of the cavity at the base at end-diastole.
        wall_mm: Thickness of the myocardium at end-diastole.
        contraction: Share of the cavity's area that is lost at the base by end-systole.
        harmonics: Relative strength and phase of the second and third harmonic of the outline.
        chest_mm: Half axes of the chest.
    """

    centre_mm: tuple[float, float]
    angle: float
    radius_mm: float
    wall_mm: float
    contraction: float
    harmonics: tuple[tuple[float, float], tuple[float, float]]
    chest_mm: tuple[float, float]

    @classmethod
    def draw(cls, random: np.random.Generator) -> Anatomy:
        """Draw a random patient, healthy or not."""
        return cls(
            centre_mm=(random.uniform(-10, 10), random.uniform(-10, 10)),
            angle=random.uniform(-0.5, 0.5),
            radius_mm=random.uniform(20, 29),
            wall_mm=random.uniform(7, 12),
            contraction=random.uniform(0.25, 0.65),
            harmonics=(
                (random.uniform(0.0, 0.06), random.uniform(0, 2 * np.pi)),
                (random.uniform(0.0, 0.04), random.uniform(0, 2 * np.pi)),
            ),
            chest_mm=(random.uniform(82, 92), random.uniform(68, 80)),
        )


@dataclass(frozen=True, slots=True)
class Outlines:
    """Polygons of one slice: (N, 2) x and y in px, where (0, 0) is the centre of the first pixel.

    Attributes:
        cavity: Inner border of the left ventricle's wall.
        epicardium: Outer border of the left ventricle's wall.
        right: Border of the right ventricle; the part below the epicardium is hidden.
        papillary: Borders of the muscles inside the cavity, which count as cavity.
    """

    cavity: Points
    epicardium: Points
    right: Points
    papillary: tuple[Points, ...]


def outlines(anatomy: Anatomy, depth: float, contraction: float, scanner: Scanner) -> Outlines:
    """Compute the borders of one slice.

    Args:
        anatomy: The patient.
        depth: Depth of the slice: 0 at the base and 1 at the apex.
        contraction: Degree of contraction: 0 at end-diastole and 1 at end-systole.
        scanner: Determines the pixel grid.
    """
    taper = np.sqrt(1 - (0.85 * depth) ** 2)
    shrunk = np.sqrt(1 - contraction * anatomy.contraction * (1 + 0.3 * depth) / 1.3)
    radius = anatomy.radius_mm * taper * shrunk
    # The area of the wall hardly changes, so the wall thickens as the cavity shrinks.
    outer_diastole = anatomy.radius_mm * taper + anatomy.wall_mm
    wall_area = outer_diastole**2 - (anatomy.radius_mm * taper) ** 2
    outer = np.sqrt(radius**2 + wall_area)
    centre = np.array(anatomy.centre_mm)
    septum = np.array([np.cos(np.pi + anatomy.angle), np.sin(np.pi + anatomy.angle)])
    right_centre = centre + septum * outer * 1.02
    right_axes = (outer * 0.72 * (1.0 - 0.15 * contraction), outer * 1.05 * (1 - 0.35 * depth))
    papillary = tuple(
        _blob(centre + 0.55 * radius * np.array([np.cos(at), np.sin(at)]), (radius * 0.17, radius * 0.17), 0.0)
        for at in (anatomy.angle + 0.9, anatomy.angle + 2.6)
        if depth < 0.8
    )
    return Outlines(
        cavity=_pixels(_blob(centre, (radius, radius), anatomy.angle, anatomy.harmonics), scanner),
        epicardium=_pixels(_blob(centre, (outer, outer), anatomy.angle, anatomy.harmonics), scanner),
        right=_pixels(_blob(right_centre, right_axes, anatomy.angle), scanner),
        papillary=tuple(_pixels(points, scanner) for points in papillary),
    )


def picture(
    anatomy: Anatomy, shown: Outlines | None, scanner: Scanner, random: np.random.Generator
) -> NDArray[np.float64]:
    """Draw the image of a slice: tissue, coil field and Rician noise.

    Args:
        anatomy: The patient.
        shown: The heart; None for a slice beyond the heart.
        scanner: Determines how tissue looks.
        random: Source of texture, field and noise.

    Returns:
        (size_px, size_px) float64, nonnegative.
    """
    tissue = _chest(anatomy, scanner, random)
    if shown is not None:
        tissue = _paint(tissue, shown.right, scanner.blood * 0.97)
        tissue = _paint(tissue, shown.epicardium, scanner.muscle)
        tissue = _paint(tissue, shown.cavity, scanner.blood)
        for muscle in shown.papillary:
            tissue = _paint(tissue, muscle, scanner.muscle * 1.1)
    tissue = tissue + 0.05 * _smooth_noise(scanner.size_px, 2.0, random) * tissue
    field = np.exp(scanner.bias * _smooth_noise(scanner.size_px, scanner.size_px / 3, random))
    signal = tissue * field
    noise = random.normal(0, scanner.noise, (2, *signal.shape))
    return np.asarray(np.hypot(signal + noise[0], noise[1]) * scanner.gain)


def _chest(anatomy: Anatomy, scanner: Scanner, random: np.random.Generator) -> NDArray[np.float64]:
    width, height = anatomy.chest_mm
    tissue = np.full((scanner.size_px, scanner.size_px), 0.01)
    tissue = _paint(tissue, _pixels(_blob((0, 0), (width, height), 0.0), scanner), scanner.fat)
    tissue = _paint(tissue, _pixels(_blob((0, 0), (width - 9, height - 9), 0.0), scanner), scanner.organ)
    for side in (-1, 1):
        lung = _blob((side * width * 0.52, -height * 0.15), (width * 0.36, height * 0.52), side * 0.15)
        tissue = _paint(tissue, _pixels(lung, scanner), scanner.lung)
    liver = _blob((-width * 0.35, height * 0.55), (width * 0.42, height * 0.3), -0.2)
    tissue = _paint(tissue, _pixels(liver, scanner), scanner.organ * 1.25)
    # Bright structures that are not ventricles: the aorta, and fat around the heart.
    aorta = _blob((random.uniform(8, 22), height * 0.62), (9, 9), 0.0)
    tissue = _paint(tissue, _pixels(aorta, scanner), scanner.blood)
    around = _blob((anatomy.centre_mm[0] + 26, anatomy.centre_mm[1] + 22), (14, 6), 0.7)
    return _paint(tissue, _pixels(around, scanner), scanner.fat * 0.9)


def _blob(
    centre: Points | tuple[float, float],
    axes: tuple[float, float],
    angle: float,
    harmonics: tuple[tuple[float, float], ...] = (),
) -> Points:
    """An ellipse in mm whose radius is modulated by harmonics."""
    at = np.linspace(0, 2 * np.pi, _POINTS, endpoint=False)
    wave = np.ones_like(at)
    for order, (strength, phase) in enumerate(harmonics, 2):
        wave += strength * np.cos(order * at + phase)
    x, y = axes[0] * wave * np.cos(at), axes[1] * wave * np.sin(at)
    turned = np.stack([x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)], axis=1)
    return np.asarray(turned + np.asarray(centre))


def _pixels(points_mm: Points, scanner: Scanner) -> Points:
    return np.asarray(points_mm / scanner.spacing_mm + (scanner.size_px - 1) / 2)


def _paint(tissue: NDArray[np.float64], points: Points, value: float) -> NDArray[np.float64]:
    """Paint a polygon with one value; pixels on its border are covered partly."""
    side = tissue.shape[0] * _SUPERSAMPLING
    large = np.zeros((side, side), dtype=np.uint8)
    corners = (points + 0.5) * _SUPERSAMPLING - 0.5
    cv2.fillPoly(large, [np.rint(corners * 256).astype(np.int32)], 255, shift=8)
    cover = cv2.resize(large, tissue.shape[::-1], interpolation=cv2.INTER_AREA) / 255.0
    return np.asarray(tissue * (1 - cover) + value * cover)


def _smooth_noise(size_px: int, sigma_px: float, random: np.random.Generator) -> NDArray[np.float64]:
    """Noise with unit standard deviation that varies over about `sigma_px`."""
    coarse = max(2, round(size_px / max(sigma_px, 1.0)))
    grid = random.normal(0, 1, (coarse + 2, coarse + 2))
    smooth = cv2.resize(grid, (size_px, size_px), interpolation=cv2.INTER_CUBIC)
    return np.asarray((smooth - smooth.mean()) / (smooth.std() + 1e-9))
