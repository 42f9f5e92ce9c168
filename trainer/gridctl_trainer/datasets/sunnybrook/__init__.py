"""Sunnybrook: DICOM images with contours as text files."""
