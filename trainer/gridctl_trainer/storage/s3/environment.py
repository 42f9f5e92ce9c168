"""Determines the effective AWS settings of this process, and where each is set: server, region, kind of credentials.

It reports names, sources and values that are not secret; never a key, token or password.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import botocore.session
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.credentials import RefreshableCredentials
from botocore.utils import get_environ_proxies

from gridctl_trainer.storage.s3.faults import fault_of

ENDPOINT_VARIABLES: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
REGION_VARIABLE: Final = "AWS_DEFAULT_REGION"
CA_VARIABLES: Final = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
OTHER_VARIABLES: Final = (
    "AWS_DEFAULTS_MODE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_MAX_ATTEMPTS",
    "AWS_REQUEST_CHECKSUM_CALCULATION",
    "AWS_RESPONSE_CHECKSUM_VALIDATION",
    "AWS_RETRY_MODE",
    "AWS_S3_DISABLE_EXPRESS_SESSION_AUTH",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
)
"""Further variables that affect requests to S3; none of them is secret."""

_AWS: Final = "https://s3.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting that is not secret.

    Attributes:
        value: The value.
        source: Name of the variable or profile that sets it.
    """

    value: str
    source: str


@dataclass(frozen=True, slots=True)
class FoundCredentials:
    """Describes credentials without revealing them.

    Attributes:
        source: Where AWS's library finds the credentials.
        of_profile: Whether they come from a profile below `~/.aws`.
        temporary: Whether they expire.
    """

    source: str
    of_profile: bool
    temporary: bool


@dataclass(frozen=True, slots=True)
class S3Environment:
    """The effective settings; None for anything that is not set.

    Attributes:
        endpoint: URL of the server; None means AWS's own.
        region: Region of the bucket.
        ca_bundle: File of trusted certificates.
        addressing_style: `path` or `virtual`; it can be set only in a file.
        proxy: Name of the variable with the proxy for requests to the server; empty if there is none.
        credentials: The credentials that are found.
        others: Values of those of `OTHER_VARIABLES` that are set.
    """

    endpoint: Setting | None
    region: Setting | None
    ca_bundle: Setting | None
    addressing_style: Setting | None
    proxy: str
    credentials: FoundCredentials | None
    others: Mapping[str, str]


def read_s3_environment(where: str) -> S3Environment:
    """Read the settings of this process. Nothing is sent, except what AWS's library sends to find credentials.

    Args:
        where: URL of the store.

    Raises:
        StoreError: The settings are invalid.
    """
    try:
        session = botocore.session.get_session()
        scoped = session.get_scoped_config()
        profile = f"profile '{session.profile or 'default'}' in ~/.aws"
        endpoint = _endpoint(session, scoped, profile)
        return S3Environment(
            endpoint=endpoint,
            region=_of_variables((REGION_VARIABLE,)) or _of_profile(scoped.get("region"), profile),
            ca_bundle=_of_variables(CA_VARIABLES[:1])
            or _of_profile(scoped.get("ca_bundle"), profile)
            or _of_variables(CA_VARIABLES[1:]),
            addressing_style=_of_profile(_nested(scoped, "s3").get("addressing_style"), profile),
            proxy=_proxy(endpoint.value if endpoint else _AWS),
            credentials=_credentials(session.get_credentials(), profile),
            others={name: os.environ[name] for name in OTHER_VARIABLES if os.environ.get(name)},
        )
    except Exception as error:  # as in `S3Store.open`, a setting of an unexpected form may raise anything
        raise fault_of(error, where=where, endpoint="") from None


def _endpoint(session: Any, scoped: Mapping[str, Any], profile: str) -> Setting | None:
    if session.get_config_variable("ignore_configured_endpoint_urls"):
        return None
    of_files = ConfiguredEndpointProvider(
        full_config=session.full_config, scoped_config=scoped, client_name="s3", environ={}
    )
    return _of_variables(ENDPOINT_VARIABLES) or _of_profile(of_files.provide(), profile)


def _of_variables(names: tuple[str, ...]) -> Setting | None:
    return next((Setting(os.environ[name], name) for name in names if os.environ.get(name)), None)


def _of_profile(value: Any, profile: str) -> Setting | None:
    return Setting(str(value), profile) if value else None


def _nested(scoped: Mapping[str, Any], section: str) -> Mapping[str, Any]:
    found = scoped.get(section)
    return found if isinstance(found, Mapping) else {}


def _proxy(url: str) -> str:
    """Name of the variable with the proxy for a URL; empty if there is none."""
    scheme = url.partition("://")[0]
    if scheme not in get_environ_proxies(url):
        return ""
    names = (f"{scheme}_proxy", f"{scheme.upper()}_PROXY")
    return next((name for name in names if os.environ.get(name)), "")


def _credentials(found: Any, profile: str) -> FoundCredentials | None:
    if found is None:
        return None
    method = str(found.method)
    if method == "env":
        temporary = bool(os.environ.get("AWS_SESSION_TOKEN") or os.environ.get("AWS_SECURITY_TOKEN"))
        return FoundCredentials("AWS_ACCESS_KEY_ID", of_profile=False, temporary=temporary)
    temporary = isinstance(found, RefreshableCredentials) or bool(found.token)
    if method in ("iam-role", "container-role", "assume-role-with-web-identity"):
        return FoundCredentials(f"this machine's identity ({method})", of_profile=False, temporary=temporary)
    return FoundCredentials(profile, of_profile=True, temporary=temporary)
