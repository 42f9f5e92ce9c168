"""Secrets are masked wherever they may be quoted, and text that only looks like one is left alone."""

from __future__ import annotations

import pytest

from gridctl.experiment.secret_forms import secret_form
from gridctl_trainer.contract.secrets import has_credentials, masked

SIGNED = [
    "https://bucket.s3.amazonaws.com/a?X-Amz-Credential=AKIDEXAMPLE&X-Amz-Signature=SECRETPART",
    "https://storage.googleapis.com/a?X-Goog-Signature=SECRETPART",
    "https://account.blob.core.windows.net/a?sv=2024&sig=SECRETPART",
    "https://host/a?access_token=SECRETPART",
    "https://host/a?x=1&api_key=SECRETPART",
]


@pytest.mark.parametrize("url", SIGNED)
def test_a_signed_url_is_masked_and_refused_alike(url: str) -> None:
    assert "SECRETPART" not in masked(f"cannot read {url}: 403")
    assert has_credentials(url)
    assert secret_form(url) == "a signed URL"


def test_a_signature_in_a_header_is_masked() -> None:
    assert "SECRETPART" not in masked("Authorization: AWS4-HMAC-SHA256 Signature=SECRETPART")


@pytest.mark.parametrize("text", ["/data/sig=3/acdc", "s3://bucket/api_key_study", "https://host/a?page=2"])
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert masked(text) == text
    assert not has_credentials(text)
