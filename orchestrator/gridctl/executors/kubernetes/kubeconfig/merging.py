"""Merges the files of KUBECONFIG and chooses the context."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gridctl.errors import KubeconfigError
from gridctl.executors.kubernetes.kubeconfig.entry import FIX, Entry
from gridctl.executors.kubernetes.kubeconfig.reading import Content, read_file
from gridctl_trainer.contract.suggest import did_you_mean

_DEFAULT: Final = "~/.kube/config"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A context with its cluster and user.

    Attributes:
        context: With the namespace.
        cluster: The API server.
        user: Its credentials; an entry without fields for an anonymous user.
    """

    context: Entry
    cluster: Entry
    user: Entry


def named_files() -> list[Path]:
    """The files that KUBECONFIG lists, else `~/.kube/config`, whether they are there or not."""
    listed = [name for name in os.environ.get("KUBECONFIG", "").split(os.pathsep) if name]
    if listed:
        return [Path(name) for name in dict.fromkeys(listed)]
    try:
        return [Path(_DEFAULT).expanduser()]
    except RuntimeError:  # a user without a home directory
        return [Path(_DEFAULT)]


def merged(files: list[Path]) -> Content | None:
    """All files as one: the first that has an entry or a current context wins.

    Returns:
        None if no file is there, or all are empty.

    Raises:
        KubeconfigError: A file is not a kubeconfig.
    """
    contents = [content for file in files if (content := read_file(file)) not in (None, Content())]
    if not contents:
        return None
    result = Content()
    for content in reversed(contents):
        assert content is not None
        result = Content(
            content.current_context or result.current_context,
            {**result.contexts, **content.contexts},
            {**result.clusters, **content.clusters},
            {**result.users, **content.users},
        )
    return result


def choose(content: Content, name: str | None, files: list[Path]) -> Chosen:
    """The context of this name, or the current one, with its cluster and user.

    Raises:
        KubeconfigError: There is none, or it names a cluster or user that is not there.
    """
    where = os.pathsep.join(map(str, files))
    wanted = name if name is not None else content.current_context
    if not wanted:
        known = ", ".join(sorted(content.contexts)) or "none"
        fix = f"kubectl config use-context NAME, or kubernetes.context; contexts there: {known}"
        raise KubeconfigError("the kubeconfig sets no current-context", where=where, fix=fix)
    context = content.contexts.get(wanted)
    if context is None:
        what = "no context" if name is not None else "current-context, but no context,"
        fix = did_you_mean(wanted, list(content.contexts)) or FIX
        raise KubeconfigError(f"the kubeconfig has {what} '{wanted}'", where=where, fix=fix)
    cluster_name, user_name = context.text("cluster"), context.text("user")
    if not cluster_name:
        raise context.wrong("it names no cluster")
    cluster, user = content.clusters.get(cluster_name), content.users.get(user_name)
    if cluster is None:
        raise context.wrong(f"there is no cluster '{cluster_name}', which it names")
    if user is None and user_name:
        raise context.wrong(f"there is no user '{user_name}', which it names")
    return Chosen(context, cluster, user or Entry("user", user_name, context.file, {}))
