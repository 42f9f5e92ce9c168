"""Reads from the environment which S3 server tests use."""

from __future__ import annotations

import os

HOW_TO_GET_ONE = (
    "no S3 server: set AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_DEFAULT_REGION, "
    "and GRIDCTL_TEST_BUCKET unless the bucket is 'gridctl'; for example `versitygw posix FOLDER` or MinIO"
)

BUCKET = os.environ.get("GRIDCTL_TEST_BUCKET", "gridctl")


def is_there() -> bool:
    return all(os.environ.get(name) for name in ("AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
