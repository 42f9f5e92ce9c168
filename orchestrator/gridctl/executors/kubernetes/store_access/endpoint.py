"""Compares the S3 server of pods with that of this shell."""

from __future__ import annotations

from typing import Final

from gridctl.executors.kubernetes.store_access.credentials import FILES
from gridctl.executors.kubernetes.store_access.finding import StoreAccessFinding, finding, unread_of
from gridctl.executors.kubernetes.store_access.pod_environment import PodEnvironment, Variable
from gridctl.executors.kubernetes.store_access.secret_command import SecretCommand
from gridctl.executors.kubernetes.store_access.server_name import host_of, is_aws, is_local, reachable_form, same_server
from gridctl_trainer.storage.s3.environment import ENDPOINT_VARIABLES, S3Environment, Setting

_ENDPOINT: Final = ENDPOINT_VARIABLES[0]


def compare_endpoint(here: S3Environment, pods: PodEnvironment, command: SecretCommand) -> StoreAccessFinding:
    """Findings about the endpoint; see `comparison.compare`."""
    ours, found = here.endpoint, pods.first(ENDPOINT_VARIABLES)
    if found is None:
        return _no_endpoint(ours, pods, command)
    name, theirs = found
    value = theirs.value
    if value is None:
        return _hidden_endpoint(name, ours, theirs)
    if is_local(value) and pods.alone:
        says = f"pods get {value} ({theirs.source}), which in a pod is the pod itself"
        return finding(name, "failed", says, "give the address by which pods reach the server", certain=True)
    if ours is None:
        says = f"pods ask {value} ({theirs.source}), and this shell asks AWS's own server"
        return finding(name, "unknown", says, f"export {name}={value} here too, unless both are one store")
    if same_server(ours.value, value):
        return finding(name, "ok", f"{value}, here ({ours.source}) and in pods ({theirs.source})")
    says = f"here {ours.value} ({ours.source}), in pods {value} ({theirs.source})"
    return finding(name, "unknown", says, "make sure that both are one server")


def endpoint_of(here: S3Environment, pods: PodEnvironment) -> str:
    """The pods' endpoint as far as it is known: one in a Secret is assumed to be this shell's; empty for AWS's own."""
    found = pods.first(ENDPOINT_VARIABLES)
    if found is not None and found[1].value:
        return found[1].value
    return here.endpoint.value if here.endpoint else ""


def _no_endpoint(ours: Setting | None, pods: PodEnvironment, command: SecretCommand) -> StoreAccessFinding:
    if ours is None or is_aws(ours.value):
        return finding(_ENDPOINT, "ok", "none, here and in pods: AWS's own server")
    in_file = f'or in the experiment file: kubernetes: {{env: {{{_ENDPOINT}: "{reachable_form(ours.value)}"}}}}'
    if pods.unread:
        says = f"this shell uses {ours.value} ({ours.source}); pods do if it is in {unread_of(pods)}"
        return finding(_ENDPOINT, "unknown", says, f"ask who made it\n{in_file}")
    if mounted := pods.first(FILES):
        says = f"this shell uses {ours.value} ({ours.source}); pods do if it is in the file that {mounted[0]} names"
        return finding(_ENDPOINT, "unknown", says, f"look into it\n{in_file}")
    says = f"this shell uses {ours.value} ({ours.source}), and pods have none: they would ask AWS's own server"
    if is_local(ours.value):
        says += f"; {host_of(ours.value)} is this machine, and in a pod the pod itself"
    return finding(_ENDPOINT, "failed", says, f"{command.for_keys([_ENDPOINT])}\n{in_file}", certain=True)


def _hidden_endpoint(name: str, ours: Setting | None, theirs: Variable) -> StoreAccessFinding:
    if ours is None:
        says = f"pods get one ({theirs.source}), and this shell has none and asks AWS's own server"
        return finding(name, "unknown", says, f"export {name} here too, unless both are one store")
    if is_local(ours.value):
        says = f"this shell's is {ours.value} ({ours.source}), which in a pod is the pod itself"
        return finding(name, "unknown", says, f"make sure that {theirs.source} has an address that pods reach")
    says = f"pods get one ({theirs.source}; its value is not read: see to it that it is not empty)"
    return finding(name, "ok", f"{says}; here it is {ours.value} ({ours.source})")
