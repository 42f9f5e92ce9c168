"""Parses locations: `s3://bucket/prefix`, `file:///folder`, or the path of a folder. Nothing else parses them."""

from __future__ import annotations

import difflib
import os
import re
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote, unquote_to_bytes

from pydantic import AfterValidator

from gridctl_trainer.contract.errors import LocationError
from gridctl_trainer.contract.fields.text_form import text_form
from gridctl_trainer.contract.secrets import has_credentials

_SCHEMES: Final = frozenset(
    re.split(
        r"\s+",
        "s3 s3a s3n gs gcs http https file ftp ftps sftp ssh scp hdfs az abfs abfss wasb wasbs minio oss cos r2 b2 "
        "swift dav webdav smb cifs nfs rsync git",
    )
)
_FORMS: Final = "use s3://bucket/prefix or the path of a folder"
_UTF8: Final = "set LC_ALL=C.UTF-8"
_VARIABLE: Final = re.compile(r"\$(\{|[A-Za-z_])")
_BUCKET: Final = re.compile(r"[A-Za-z0-9._-]{1,255}")
_OF_AWS: Final = re.compile(
    r"(?:https?://)?(?:(?P<virtual>[a-z0-9.-]+)\.)?s3[a-z0-9.-]*\.amazonaws\.com(?:\.cn)?(?:/(?P<path>[^?#]*))?(?:[?#].*)?"
)
_ARN: Final = re.compile(r"arn:aws[a-z-]*:s3:::(?P<path>.+)")


class LocationMistake(ValueError):
    """What is wrong with the text of a location. It never contains the text itself, which may be secret."""

    def __init__(self, what: str, fix: str = _FORMS) -> None:
        super().__init__(f"{what}: {fix}")
        self.what, self.fix = what, fix


@dataclass(frozen=True, slots=True)
class Location:
    """A place where objects or files lie.

    Attributes:
        bucket: Name of the S3 bucket; empty for a folder.
        path: Prefix in the bucket, without leading or trailing slashes; or the folder, with `~` expanded.
    """

    bucket: str
    path: str

    @property
    def is_remote(self) -> bool:
        """Whether it is in a bucket."""
        return bool(self.bucket)

    @property
    def folder(self) -> Path:
        """The folder; only for a location that is not in a bucket."""
        assert not self.bucket
        return Path(self.path)


def parse_location(text: str) -> Location:
    """Parse a location.

    The text is taken literally, except `~` and `~user` at the start of a path and percent escapes in a `file:` URL.

    Raises:
        LocationMistake: The text is not a location, looks like a misspelt URL, or contains credentials.
    """
    _refuse_invisible(text)
    if has_credentials(text) or re.match(r"([A-Za-z][\w+.-]*:/*|//)[^/]*@", text):
        raise LocationMistake(
            "it carries a user name, a password or a signature",
            "leave them out; for S3 set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_ENDPOINT_URL_S3 for the "
            "server",
        )
    if text.startswith("s3://"):
        return _bucket(text)
    if text.startswith("file://"):
        return Location("", _file_url(text))
    _refuse_names_of_buckets(text)
    _refuse_paths_of_windows(text)
    _refuse_other_schemes(text)
    _refuse_variables(text)
    return Location("", _home_expanded(text))


def read_location(text: str, where: object = "") -> Location:
    """Parse a location that the user gave.

    Args:
        text: The text as given.
        where: The option, variable or field that it comes from.

    Raises:
        LocationError: The text is not such a location.
    """
    try:
        location = parse_location(text)
    except LocationMistake as mistake:
        raise LocationError(mistake.what, where=where, fix=mistake.fix) from None
    try:
        os.fsencode(location.path)
    except UnicodeEncodeError:
        raise LocationError(
            f"this locale's encoding, {sys.getfilesystemencoding()}, has no name for {location.path}",
            where=where,
            fix=_UTF8,
        ) from None
    return location


def read_folder(text: str, where: object) -> Path:
    """Parse a location that must be a folder on this machine.

    Raises:
        LocationError: The text is not such a location.
    """
    location = read_location(text, where)
    if location.is_remote:
        raise LocationError("this must be a folder of this machine, not a bucket", where=where, fix="give a path")
    return location.folder


def folder_text(folder: Path) -> str:
    """The text that `parse_location` reads as this absolute folder: its path, or a `file:` URL where the path would be
    misread.
    """
    text = str(folder)
    try:
        if parse_location(text).path == text:
            return text
    except LocationMistake:
        pass
    return "file://" + quote(os.fsencode(text))


PLACE: Final = r"\S(?:.*\S)?"
"""A regular expression cannot say more about the form: it may be a path or `s3://bucket/prefix`."""


def _validated(text: str) -> str:
    parse_location(text)
    return text


LocationText = Annotated[str, AfterValidator(_validated), text_form(PLACE)]
"""A specification field that holds a location, kept as written."""


def _refuse_invisible(text: str) -> None:
    if not text.strip():
        raise LocationMistake("it is empty")
    if text != text.strip():
        raise LocationMistake("it begins or ends with a space or a line break", "remove it")
    if any(unicodedata.category(sign) == "Cs" for sign in text):
        raise LocationMistake(
            f"part of it is not text in this locale's encoding, {sys.getfilesystemencoding()}",
            f"{_UTF8}, or rename it",
        )
    if any(unicodedata.category(sign) in ("Cc", "Zl", "Zp") or sign in "\ufeff\u200b" for sign in text):
        raise LocationMistake("it contains an invisible character, such as a line break", "type it again")
    if len(text) > 1 and text[0] in "'\"" and text[-1] == text[0]:
        raise LocationMistake("it is in quotes, which are part of the text here", "remove the quotes")


def _refuse_names_of_buckets(text: str) -> None:
    """Refuse the other ways in which AWS names a bucket, and a server name in place of a bucket."""
    if found := _ARN.fullmatch(text) or _OF_AWS.fullmatch(text):
        parts = [part for part in found.groupdict().values() if part]
        raise LocationMistake("this is not how a bucket is written here", f"did you mean s3://{'/'.join(parts)}?")
    if re.match(r"(localhost|[\w-]+(\.[\w-]+)+):\d{2,5}(/|$)", text):
        raise LocationMistake(
            "this names a server and its port, not a place",
            "use s3://bucket/prefix, and set AWS_ENDPOINT_URL_S3 to http://host:port",
        )
    if re.match(r"[\w.-]+@[\w.-]+:", text):
        raise LocationMistake("this names a folder of another machine", "mount it, or use s3://bucket/prefix")


def _refuse_paths_of_windows(text: str) -> None:
    if re.match(r"[A-Za-z]:[\\/]|\\\\", text):
        raise LocationMistake(
            "this is a Windows path", f"write it as a path of this machine (a folder of that name is ./{text})"
        )


def _refuse_other_schemes(text: str) -> None:
    """Refuse anything that looks like a URL of another scheme. A folder with such a name needs a leading `./`."""
    found = re.match(r"([A-Za-z][\w+.-]*)(:/+|:|//+)(.*)", text)
    middle = re.search(r"(?:^|/)(s3[an]?|gs|https?|file):/", text)
    if found is None or (found[2].startswith("//") and found[1].lower() not in _SCHEMES):
        if middle:
            raise LocationMistake(f"there is a URL ({middle[1]}:/...) inside a path")
        return
    scheme, separator, rest = found[1].lower(), found[2], found[3]
    near = scheme if scheme in ("s3", "file") else _near(scheme)
    if separator == ":" and ((scheme not in _SCHEMES and not near) or rest.startswith(" ")):
        return  # `run 1: second try` is a folder
    if near == "s3":
        bucket = rest.replace("\\", "/").lstrip("/")
        raise LocationMistake(
            f"'{found[1]}{separator}' is not how a bucket is written",
            f"did you mean s3://{bucket}? (a folder of that name is ./{text})",
        )
    if near == "file":
        path = "/" + rest.lstrip("/") if "/" in separator else rest
        raise LocationMistake(f"'{found[1]}{separator}' is not how a file URL is written", f"did you mean {path}?")
    raise LocationMistake(f"unknown kind of location '{found[1]}{separator}'", _FORMS)


def _near(scheme: str) -> str:
    if scheme in ("s3a", "s3n"):
        return "s3"
    if scheme in _SCHEMES:
        return ""
    return next(iter(difflib.get_close_matches(scheme, ["s3", "file"], n=1, cutoff=0.66)), "")


def _refuse_variables(text: str) -> None:
    if _VARIABLE.search(text):
        raise LocationMistake("variables such as $HOME are not replaced here", "write the path itself, or begin with ~")


def _bucket(text: str) -> Location:
    bucket, _, prefix = text.removeprefix("s3://").partition("/")
    if not bucket:
        raise LocationMistake("the URL names no bucket", "use s3://bucket/prefix")
    if ":" in bucket:
        raise LocationMistake(
            "an S3 URL names a bucket, not a server and its port",
            "use s3://bucket/prefix, and set AWS_ENDPOINT_URL_S3 to http://host:port",
        )
    _refuse_variables(text)
    if not _BUCKET.fullmatch(bucket):
        raise LocationMistake(
            f"'{bucket}' is not the name of a bucket", "use 3 to 63 lowercase letters, digits, '.' and '-'"
        )
    if re.search(r"\?[A-Za-z][\w-]*=", prefix):
        raise LocationMistake("an S3 URL has no query (`?...`) here", "use s3://bucket/prefix")
    prefix = prefix.rstrip("/")
    if prefix and any(part in ("", ".", "..") for part in prefix.split("/")):
        raise LocationMistake("there is '//', '/./' or '/../' in the prefix", "write s3://bucket/prefix without it")
    return Location(bucket, prefix)


def _file_url(text: str) -> str:
    host, slash, rest = text.removeprefix("file://").partition("/")
    if host not in ("", "localhost"):
        raise LocationMistake(
            f"a file URL names a folder of this machine, but this one names the machine '{host}'",
            "write file:///folder with three slashes, or the path alone",
        )
    if not slash:
        raise LocationMistake("the file URL names no folder", "write file:///folder, or the path alone")
    if "?" in rest or "#" in rest:
        raise LocationMistake("'?' and '#' are written %3F and %23 in a file URL", "or give the path alone")
    if re.search(r"%(?![0-9A-Fa-f]{2})", rest):
        raise LocationMistake("'%' is written %25 in a file URL", "or give the path alone")
    path = os.fsdecode(b"/" + unquote_to_bytes(rest))
    if "\0" in path:
        raise LocationMistake("the name of a folder cannot contain %00")
    return path


def _home_expanded(text: str) -> str:
    if not text.startswith("~"):
        return text
    path = os.path.expanduser(text)  # noqa: PTH111 - it leaves alone what has no home
    if path.startswith("~"):
        raise LocationMistake(
            f"there is no home for '{text.partition('/')[0]}' on this machine",
            f"give the whole path (a folder of that name is ./{text})",
        )
    return path
