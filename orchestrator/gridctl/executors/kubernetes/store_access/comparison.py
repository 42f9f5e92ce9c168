"""Whether pods will reach the store as this shell does: compares their settings key by key.

It shows only names and values that are not secret. Of a Secret only the names of its keys are known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gridctl.executors.kubernetes.store_access.credentials import CREDENTIALS, FILES, TOKEN, compare_credentials
from gridctl.executors.kubernetes.store_access.endpoint import compare_endpoint
from gridctl.executors.kubernetes.store_access.finding import StoreAccessFinding, finding, unread_of
from gridctl.executors.kubernetes.store_access.pod_environment import PodEnvironment
from gridctl.executors.kubernetes.store_access.secret_command import SecretCommand
from gridctl.executors.kubernetes.store_access.server_name import reachable_form
from gridctl_trainer.storage.s3.environment import CA_VARIABLES, ENDPOINT_VARIABLES, REGION_VARIABLE, S3Environment
from gridctl_trainer.storage.s3.settings import mistake_of_variable

_DEFAULT_REGION: Final = "us-east-1"


def wanted_variables(here: S3Environment) -> dict[str, str]:
    """Variables that pods need to act as this shell does, with values; empty for secrets."""
    wanted = dict.fromkeys(CREDENTIALS, "")
    if here.credentials and here.credentials.temporary:
        wanted[TOKEN] = ""
    if here.endpoint:
        wanted[ENDPOINT_VARIABLES[0]] = reachable_form(here.endpoint.value)
    if here.region:
        wanted[REGION_VARIABLE] = here.region.value
    return wanted


def compare(here: S3Environment, pods: PodEnvironment, command: SecretCommand) -> Iterator[StoreAccessFinding]:
    """Compare the settings of pods with those of this shell: one finding per key that matters.

    Args:
        here: Settings of this process.
        pods: Environment of the rendered Job.
        command: How to give pods what they lack.
    """
    mistakes = list(_mistakes(pods))
    yield from mistakes
    said = {item.check.name for item in mistakes}
    found = [compare_endpoint(here, pods, command)]
    found += compare_credentials(here, pods, command)
    found += _region(here, pods, command)
    found += _certificates(here, pods)
    found += _others(here, pods)
    yield from (item for item in found if item.check.name not in said)


def _mistakes(pods: PodEnvironment) -> Iterator[StoreAccessFinding]:
    for name, variable in pods.variables.items():
        if name.startswith("AWS_") and variable.value and (said := mistake_of_variable(name, variable.value)):
            yield finding(name, "failed", f"in pods it {said} ({variable.source})", "correct it", certain=True)


def _region(here: S3Environment, pods: PodEnvironment, command: SecretCommand) -> Iterator[StoreAccessFinding]:
    ours, theirs = here.region, pods.variables.get(REGION_VARIABLE)
    if theirs is None:
        if ours is None or ours.value == _DEFAULT_REGION:
            return
        if pods.unread:
            says = f"this shell uses {ours.value} ({ours.source}); pods do if it is in {unread_of(pods)}"
            yield finding(REGION_VARIABLE, "unknown", says, "ask who made it, or set it in kubernetes.env")
            return
        says = f"this shell uses {ours.value} ({ours.source}), and pods have none: they take {_DEFAULT_REGION}"
        yield finding(REGION_VARIABLE, "failed", says, command.for_keys([REGION_VARIABLE]))
    elif theirs.value is None or ours is None or theirs.value == ours.value:
        said = f"pods get {theirs.value or 'one'} ({theirs.source})"
        yield finding(REGION_VARIABLE, "ok", said + (f"; here it is {ours.value} ({ours.source})" if ours else ""))
    else:
        says = f"here {ours.value} ({ours.source}), in pods {theirs.value} ({theirs.source})"
        yield finding(REGION_VARIABLE, "unknown", says, "make sure that both name the bucket's region")


def _certificates(here: S3Environment, pods: PodEnvironment) -> Iterator[StoreAccessFinding]:
    name, ours, found = CA_VARIABLES[0], here.ca_bundle, pods.first(CA_VARIABLES)
    fix = f"mount the file with kubernetes.volumes, or have it in the image, and set {name} to its path there"
    if found:
        path = found[1].value
        if path and not any(f"{path}/".startswith(f"{mount.rstrip('/')}/") for mount in pods.mounts):
            says = f"pods look for {path} ({found[1].source}), and no volume brings it"
            yield finding(found[0], "unknown", says, f"right if it is in the image; else {fix}")
        else:
            yield finding(found[0], "ok", f"pods get {path or 'one'} ({found[1].source})")
    elif ours and not (here.endpoint and here.endpoint.value.startswith("http:")):
        says = f"this shell trusts the certificates that {ours.source} names, and pods those of public authorities"
        yield finding(name, "unknown" if pods.unread else "failed", says, fix)


def _others(here: S3Environment, pods: PodEnvironment) -> Iterator[StoreAccessFinding]:
    style = here.addressing_style
    # Without a file, a server that is named is asked with the bucket in the path.
    if style and style.value == "virtual" and here.endpoint and not pods.first(FILES):
        says = f"this shell names buckets in the host ({style.source}), and pods in the path"
        yield finding("addressing_style", "failed", says, "mount that file and set AWS_CONFIG_FILE in kubernetes.env")
    if here.proxy and not pods.first((here.proxy, here.proxy.upper(), here.proxy.lower())):
        says = "this shell reaches the server through it, and pods have none"
        yield finding(here.proxy, "unknown", says, "set it in kubernetes.env if pods need it as well")
    missing = [name for name in here.others if name not in pods.variables]
    if missing:
        yield finding(
            ", ".join(missing), "unknown", "set here, and not in pods", "set it in kubernetes.env if it matters"
        )
    for name, value in here.others.items():
        theirs = pods.variables.get(name)
        if theirs and theirs.value not in (None, value):
            yield finding(name, "unknown", f"here {value}, in pods {theirs.value} ({theirs.source})", "compare them")
