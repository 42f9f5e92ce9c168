"""Compares the S3 credentials of pods with those of this shell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gridctl.executors.kubernetes.store_access.finding import StoreAccessFinding, finding, unread_of
from gridctl.executors.kubernetes.store_access.pod_environment import PodEnvironment
from gridctl.executors.kubernetes.store_access.secret_command import SecretCommand
from gridctl.executors.kubernetes.store_access.server_name import is_aws
from gridctl_trainer.storage.s3.environment import ENDPOINT_VARIABLES, S3Environment

CREDENTIALS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
TOKEN: Final = "AWS_SESSION_TOKEN"
FILES: Final = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")

_IDENTITY: Final = (
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_PROFILES: Final = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")


def compare_credentials(
    here: S3Environment, pods: PodEnvironment, command: SecretCommand
) -> Iterator[StoreAccessFinding]:
    """Findings about keys, token and profile; see `comparison.compare`."""
    yield from _keys(here, pods, command)
    yield from _profile(pods)


def _keys(here: S3Environment, pods: PodEnvironment, command: SecretCommand) -> Iterator[StoreAccessFinding]:
    title = ", ".join(CREDENTIALS)
    missing = [name for name in CREDENTIALS if name not in pods.variables]
    from_here = ""
    if here.credentials is None:
        from_here = "; this shell has no credentials either"
    elif here.credentials.of_profile:
        from_here = f"; this shell has its own from {here.credentials.source}, which pods do not have"
    if not missing:
        sources = dict.fromkeys(pods.variables[name].source for name in CREDENTIALS)
        yield finding(title, "ok", f"pods get them ({', '.join(sources)})")
        yield from _token(here, pods)
        return
    other = pods.first((*_IDENTITY, *FILES))
    if other:
        yield finding(title, "ok", f"pods get credentials by {other[0]} ({other[1].source})")
        return
    if pods.unread:
        them = "they are" if len(missing) > 1 else f"{missing[0]} is"
        says = f"{them} to come from {unread_of(pods)}{from_here}"
        yield finding(title, "unknown", says, f"ask who made it whether it has {'them' if len(missing) > 1 else 'it'}")
        return
    fix = command.for_keys([*missing, *([TOKEN] if here.credentials and here.credentials.temporary else [])])
    says = f"pods have no {' and no '.join(missing)}{from_here}"
    if missing == [CREDENTIALS[1]]:
        yield finding(title, "failed", says, fix, certain=True)
        return
    endpoint = pods.first(ENDPOINT_VARIABLES)
    server = (endpoint[1].value if endpoint else None) or (here.endpoint.value if here.endpoint else "")
    if pods.service_account:
        says += f"; service account {pods.service_account} may give them an identity"
        yield finding(title, "unknown", says, f"else: {fix}")
    elif server and not is_aws(server):
        yield finding(title, "failed", says, fix, certain=True)
    else:
        yield finding(title, "failed", f"{says}; only nodes with an identity of their own would do", fix)


def _token(here: S3Environment, pods: PodEnvironment) -> Iterator[StoreAccessFinding]:
    theirs = pods.variables.get(TOKEN)
    if theirs:
        says = f"pods get one ({theirs.source}): it ends by itself, and runs that wait or train longer lose the store"
        yield finding(TOKEN, "unknown", says, "give pods keys that last, or renew it in time")
    elif here.credentials and here.credentials.temporary and not pods.unread:
        says = "this shell's credentials end by themselves and need one; pods get none"
        yield finding(TOKEN, "unknown", says, "right if the keys of pods are others, which last")


def _profile(pods: PodEnvironment) -> Iterator[StoreAccessFinding]:
    found = pods.first(_PROFILES)
    if found and not pods.first(FILES):
        says = f"pods get it ({found[1].source}), and have no ~/.aws with a profile in it"
        yield finding(found[0], "failed", says, "take it out, and give pods keys", certain=True)
