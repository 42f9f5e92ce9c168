"""Recognises secret environment variables by their names and by the forms of their values.

Everybody who may read Jobs can read their variables, so no secret may be written into one. Harmless
names that only sound like secrets are left alone: TOKENIZERS_PARALLELISM, AWS_WEB_IDENTITY_TOKEN_FILE.
"""

from __future__ import annotations

import functools
import re
from typing import Final

from gridctl_trainer.contract.secrets import SECRET_PARAMETERS

_SECRET_NAME: Final = re.compile(
    r"(PASSWORD|PASSWD|PASSPHRASE|(^|_)(PWD|PASS|TOKEN|SECRET)|SECRETS?_?KEY|ACCESS_?KEY|PRIVATE_?KEY|API_?KEY|AUTH_?KEY"
    r"|ENCRYPTION_?KEY|SIGNING_?KEY|ACCOUNT_?KEY|STORAGE_?KEY|ACCESS_?KEY_?ID|CREDENTIALS?)$",
    re.IGNORECASE,
)
_SWITCH: Final = re.compile(
    r"\s*|-?\d{1,3}|true|false|yes|no|on|off|none|null|<[^<>]{0,30}>|\[[^\[\]]{0,30}\]", re.IGNORECASE
)
"""Values that are never secret: HF_HUB_DISABLE_IMPLICIT_TOKEN=1, EOS_TOKEN=</s>."""
_PATH: Final = re.compile(r"(~|\.{1,2})?(/[\w.@+-]+)+", re.ASCII)
_KEY_NAME: Final = re.compile(r"KEY(_?ID)?$", re.IGNORECASE)
_KEY_VALUE: Final = re.compile(r"(?=\S*\d)(?=\S*[A-Za-z])[A-Za-z0-9+/=_-]{32,}")

_FORMS: Final = {
    "a private key": r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY( BLOCK)?-----|\bAGE-SECRET-KEY-1|\bPuTTY-User-Key-File-",
    "a URL with a password": r"://[^\s/?#@:]{0,200}:(?!\d+/)[^\s@]{1,500}@",
    "a user name with a password": r"^[\w.+-]{1,200}:[^\s/@]{1,500}@(?!sha\d+:)[\w.-]{1,300}[:(/]",
    "a signed URL": rf"[?&]{SECRET_PARAMETERS}=[^&\s]{{4,500}}",
    "a password in a connection string": r"(?i)(?<![\w-])([\w-]{0,60}password|passwd|pwd|pass|[\w-]{0,60}secret"
    r"|AccountKey|SharedAccessKey|SharedAccessSignature|secret_?access_?key|(--?|access_|auth_|api_)?token|api_?key)"
    r"[\"']?\s*[=:]\s*[\"']?[^\s;&\"'<{$]{4,500}",
    "an authorization header": r"(?i)\b(bearer\s+[\w.~+/=-]{16,500}|basic\s+[A-Za-z0-9+/]{16,500}={0,2}$)",
    "an AWS access key": r"\b(AKIA|ASIA)[A-Z0-9]{12,500}\b",
    "a JSON Web Token": r"\beyJ[\w-]{8,500}\.[\w-]{2,500}\.",
    "a GitHub token": r"\b(gh[pousr]_[A-Za-z0-9]{16,500}|github_pat_\w{16,500})",
    "a GitLab token": r"\bgl(pat|dt|rt|ptt|cbt|agent)-[\w-]{16,500}",
    "a Hugging Face token": r"\b(hf|api_org)_[A-Za-z0-9]{16,500}",
    "a Weights & Biases key": r"\bwandb_v\d_\w{16,500}|\blocal-[0-9a-f]{40}\b",
    "a Slack token": r"\bxox[abeoprs]-[\w-]{10,500}|\bxapp-\d-\w{8,500}|hooks\.slack\.com/services/\w+/\w+/\w+",
    "a Google key": r"\bAIza[\w-]{30,500}|\bya29\.[\w-]{16,500}|\bGOCSPX-[\w-]{16,500}",
    "an API key": r"\b(sk|pk|rk|nvapi|lin_api|pypi|tskey)-(?=[\w-]{0,100}\d)(?=[\w-]{0,100}[A-Za-z])[\w-]{20,500}"
    r"|\b[spr]k_(live|test)_\w{16,500}|\bSG\.[\w-]{16,500}\.[\w-]{16,500}",
    "a registry's token": r"\b(npm_[A-Za-z0-9]{30,500}|dckr_(pat|oat)_[\w-]{16,500}|dop_v1_[0-9a-f]{32,500}"
    r"|dapi[0-9a-f]{32}|hvs\.[\w-]{20,500}|shpat_[0-9a-f]{32}|[0-9]{8,10}:AA[\w-]{33})",
}
"""Every repetition is bounded, so that no text takes long. Source: the rules of gitleaks
(https://github.com/gitleaks/gitleaks), shortened."""
_COMPILED: Final = {kind: re.compile(pattern) for kind, pattern in _FORMS.items()}


@functools.lru_cache(maxsize=1024)  # the Jobs of a grid share most of their words
def secret_form(text: str) -> str:
    """Which kind of secret a text contains, by its form; empty if it has none."""
    return next((kind for kind, pattern in _COMPILED.items() if pattern.search(text)), "")


def why_secret(name: str, value: str) -> str:
    """Why an environment variable must not be written into a Job, without its value; empty if it may."""
    form = secret_form(value)
    if form:
        return f"its value looks like {form}"
    value = value.strip()
    is_path = _PATH.fullmatch(value) and not _KEY_NAME.search(name)
    if _SECRET_NAME.search(name) and not (is_path or _SWITCH.fullmatch(value)):
        return "its name says that it is a secret"
    if _KEY_NAME.search(name) and _KEY_VALUE.fullmatch(value):
        return "its value looks like a key"
    return ""
