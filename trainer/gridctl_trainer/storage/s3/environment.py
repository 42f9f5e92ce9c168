"""What the AWS settings of this process come to: which server, region and kind of credentials, and where each is set.

Names and places, and the values of what is no secret; never a key, token or password.
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
"""None of them secret: how S3 is asked."""

_AWS: Final = "https://s3.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting that is no secret.

    Attributes:
        value: Of it.
        source: A variable's name, or which profile.
    """

    value: str
    source: str


@dataclass(frozen=True, slots=True)
class FoundCredentials:
    """Credentials, but for what they are.

    Attributes:
        source: Where AWS's library finds them.
        of_profile: Whether that is below `~/.aws`.
        temporary: Whether they end by themselves.
    """

    source: str
    of_profile: bool
    temporary: bool


@dataclass(frozen=True, slots=True)
class S3Environment:
    """The settings; None for what is not set.

    Attributes:
        endpoint: Server; None is AWS's own.
        region: Of the bucket.
        ca_bundle: File of certificates.
        addressing_style: `path` or `virtual`; only a file can set it.
        proxy: Name of the variable, if requests to the server go through it.
        credentials: None if there are none.
        others: Of `OTHER_VARIABLES` that are set.
    """

    endpoint: Setting | None
    region: Setting | None
    ca_bundle: Setting | None
    addressing_style: Setting | None
    proxy: str
    credentials: FoundCredentials | None
    others: Mapping[str, str]


def read_s3_environment(where: str) -> S3Environment:
    """The settings of this process. Sends nothing, but for what AWS's library asks to find credentials.

    Args:
        where: The store.

    Raises:
        StoreError: They are not valid.
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
    except Exception as error:  # as `S3Store.open`: a setting of an unexpected form may raise anything
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
    """Which variable names the proxy that a URL is asked through; empty for none."""
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
