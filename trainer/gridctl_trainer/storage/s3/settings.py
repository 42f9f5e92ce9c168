"""Refuses AWS settings that can never work before anything is sent; errors name a variable or file, never its value."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from gridctl_trainer.contract.errors import Fault, Problem, StoreError

_HEADERS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN")
_WORDS: Final = ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS", "AWS_ROLE_ARN")
_ENDPOINTS: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS")
_PROXIES: Final = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
_PROFILES: Final = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
_NOT_EMPTY: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION", "AWS_REGION")
"""If one is set but empty, as in a Secret made of unset variables, AWS's library asks AWS or a host without a name."""
_TEXTS: Final = ("AWS_SECRET_ACCESS_KEY", *_PROFILES)
_FILES: Final = (
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CA_BUNDLE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
)
_NEEDED_FILES: Final = ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_CA_BUNDLE")
_TOKEN_FILES: Final = ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
_RETRY_MODES: Final = ("legacy", "standard", "adaptive")
_METHODS: Final = {
    "shared-credentials-file": "the AWS credentials file",
    "config-file": "the AWS config file",
    "container-role": "the container's credentials (AWS_CONTAINER_CREDENTIALS_*)",
    "custom-process": "the output of credential_process",
}
_FIX: Final = "set it again without that; with kubectl create secret use --from-literal, or a file made by printf"


def require_valid_settings(where: str) -> None:
    """Refuse environment variables and configuration files with which no request can be made.

    Args:
        where: URL of the store.

    Raises:
        StoreError: Some are unusable. The error lists every such variable and file; waiting cannot help.
    """
    problems = []
    for name in (*_HEADERS, *_WORDS, *_ENDPOINTS, *_PROXIES, *_TEXTS, *_FILES):
        value = os.environ.get(name, "")
        spaced = name in _TEXTS or name in _FILES
        said = value and (mistake_in(value, spaces=spaced, ascii_only=name not in _FILES) or _meaning(name, value))
        if said:
            problems.append(Problem(f"{name} {said}", where, _FIX if said in _FORM_MISTAKES else "correct it"))
    for names, fix in ((_PROFILES, "unset it"), (_NOT_EMPTY, "give it a value, or take it out of the environment")):
        problems += [Problem(f"{name} is empty", where, fix) for name in names if os.environ.get(name) == ""]
    for path in _config_files().values():
        if said := _encoding_mistake(path):
            problems.append(Problem(f"{path} {said}", where, "save it as UTF-8 without a byte order mark"))
    if problems:
        raise StoreError(problems)


def mistake_of_variable(name: str, value: str) -> str:
    """Say what makes the value of a variable unusable, without revealing it; empty if nothing does.

    A file that the variable names is not opened.
    """
    if name in _FILES:
        return mistake_in(value, spaces=True, ascii_only=False)
    return mistake_in(value, spaces=name in _TEXTS) or _meaning(name, value)


def require_readable_files(where: str) -> None:
    """Refuse settings files that AWS's library silently ignored. Call this only if it found no credentials.

    Raises:
        StoreError: Some files cannot be read; the error lists all of them.
    """
    problems = []
    for variable, path in _config_files().items():
        try:
            path.read_bytes()
        except OSError as error:
            if os.environ.get(variable) or path.exists():
                what = f"{path}{f', which {variable} names,' if os.environ.get(variable) else ''} cannot be read"
                problems.append(Problem(f"{what}: {error.strerror}", where, "correct it"))
    if problems:
        raise StoreError(problems)


_FORM_MISTAKES: Final = (
    "ends with a line break",
    "begins with a byte order mark",
    "begins or ends with a space",
    "is set in quotes, which became part of it",
    "has a line break or another control character in it",
    "has a space in it",
    "has a character in it that is not ASCII",
)


def mistake_in(value: str, *, spaces: bool = False, ascii_only: bool = True) -> str:
    """Say what makes a setting unusable, without revealing it; empty if nothing does.

    Args:
        value: Value of a variable or content of a file.
        spaces: Whether the value may contain spaces.
        ascii_only: Whether the value must be ASCII, as it must be to be sent in a header.
    """
    tests = (
        value.rstrip("\r\n") != value,
        value.startswith(("\ufeff", "\u00ef\u00bb\u00bf")),
        value.strip() != value,
        len(value) > 1 and value[0] in "'\"" and value[0] == value[-1],
        any(ord(sign) < 32 or ord(sign) == 127 for sign in value),
        not spaces and " " in value,
        ascii_only and not value.isascii(),
    )
    return next((text for text, found in zip(_FORM_MISTAKES, tests, strict=True) if found), "")


def credentials_check(credentials: Any, profile: str, where: str) -> Callable[..., None]:
    """Make a handler that checks the credentials of each request just before the request is signed.

    Args:
        credentials: Credentials of the session; renewed credentials are checked as well.
        profile: Name of the profile in use.
        where: URL of the store.
    """

    def check(**_: Any) -> None:
        frozen = _current(credentials, where)
        given: Mapping[str, tuple[str | None, str]] = {
            "aws_access_key_id": (frozen.access_key, "AWS_ACCESS_KEY_ID"),
            "aws_secret_access_key": (frozen.secret_key, "AWS_SECRET_ACCESS_KEY"),
            "aws_session_token": (frozen.token, "AWS_SESSION_TOKEN"),
        }
        for key, (value, variable) in given.items():
            said = "is not text"
            if value == "" and key != "aws_session_token":
                said = "is empty"
            elif not value:
                continue
            elif isinstance(value, str):
                said = mistake_in(value, spaces=key == "aws_secret_access_key" and " #" not in value)
            if said:
                source = _METHODS.get(str(credentials.method), f"the method {credentials.method}")
                name = variable if credentials.method == "env" else f"{key} of profile '{profile}' in {source}"
                raise StoreError(f"{name} {said}", where=where, fix=_FIX if credentials.method == "env" else "edit it")

    return check


def _current(credentials: Any, where: str) -> Any:
    """The current credentials, renewed if necessary.

    Raises:
        BotoCoreError: There are no valid credentials.
        StoreError: There are none for a reason that has no error of its own in AWS's library.
    """
    source = _METHODS.get(str(credentials.method), f"the method {credentials.method}")
    try:
        return credentials.get_frozen_credentials()
    except (BotoCoreError, ClientError, Fault):
        raise
    except EOFError:
        raise StoreError(
            "the role of this profile requires an MFA code, which cannot be entered here",
            where=where,
            fix="sign in first, for example with aws sso login or aws sts get-session-token",
        ) from None
    except RuntimeError:
        raise StoreError(
            f"the credentials have expired, and so have those that {source} provides now",
            where=where,
            fix="sign in again",
            passing=True,
        ) from None
    except Exception as error:
        raise StoreError(
            f"{source} cannot be read ({type(error).__name__})", where=where, fix="look at ~/.aws"
        ) from None


def require_plain_endpoint(endpoint: str, where: str) -> None:
    """Refuse an endpoint in `~/.aws/config` that contains a password or is not a URL.

    Raises:
        StoreError: The endpoint is invalid.
    """
    if said := _endpoint_mistake(endpoint):
        raise StoreError(f"the endpoint_url in ~/.aws/config {said}", where=where, fix="correct it")


def _meaning(name: str, value: str) -> str:
    if name in _ENDPOINTS:
        return _endpoint_mistake(value)
    if name == "AWS_MAX_ATTEMPTS" and not re.fullmatch(r"[1-9]\d{0,3}", value):
        return "is not a whole number from 1 on"
    if name == "AWS_RETRY_MODE" and value not in _RETRY_MODES:
        return f"is not one of {', '.join(_RETRY_MODES)}"
    if name == "AWS_DEFAULT_REGION" and not re.fullmatch(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)", value):
        return "is not the name of a region, such as us-east-1"
    if name in _NEEDED_FILES:
        return _file_mistake(value, token=name in _TOKEN_FILES)
    return ""


def _endpoint_mistake(value: str) -> str:
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a URL such as https://host:9000"
    if "@" in parts.netloc:
        return "carries a user name or password; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead"
    if parts.query or parts.fragment:
        return "carries a query; an endpoint is only a server, such as https://host:9000"
    if parts.scheme not in ("http", "https") or not host:
        return "is not a URL such as https://host:9000"
    return ""


def _config_files() -> dict[str, Path]:
    """The configuration files that AWS's library reads, by the variable that can name another file."""
    usual = {"AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials", "AWS_CONFIG_FILE": "~/.aws/config"}
    # Path.expanduser raises an error for a user without a home folder.
    return {name: Path(os.path.expanduser(os.environ.get(name) or path)) for name, path in usual.items()}  # noqa: PTH111


def _encoding_mistake(path: Path) -> str:
    try:
        text = path.read_bytes().decode()
    except OSError:  # treated like a missing file
        return ""
    except UnicodeDecodeError:
        return "is not UTF-8 text"
    return "begins with a byte order mark" if text.startswith("\ufeff") else ""


def _file_mistake(path: str, *, token: bool) -> str:
    try:
        if not token:
            return "" if Path(path).exists() else "names a file that is not there"
        text = Path(path).read_bytes().decode("utf-8", "replace")
    except OSError as error:
        return f"names a file that cannot be read: {error.strerror}"
    said = mistake_in(text)
    return f"names a file whose content {said}" if said else "" if text else "names an empty file"
