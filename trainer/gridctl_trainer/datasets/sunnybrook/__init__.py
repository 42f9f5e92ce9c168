"""Sunnybrook: DICOM images with contours in text files."""
