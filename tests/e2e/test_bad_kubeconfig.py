"""An unusable kubeconfig gives one error with the file and the field and exit code 3, and shows no secret."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

SECRET = "c2VjcmV0-Yx7Qp"
EXPERIMENT = """
name: demo
models: {unet: {}, gamma_net: {}}
train_ratios: [0.5]
seeds: [1]
data: {train: {dataset: acdc, path: /data/acdc}}
backend: kubernetes
store: runs
kubernetes: {image: "trainer:1"}
"""
PEM = base64.b64encode(b"not a certificate").decode()
EXEC = {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "interactiveMode": "Never"}


def kubeconfig(user: dict[str, Any] | None = None, cluster: dict[str, Any] | None = None, **top: Any) -> str:
    """A kubeconfig with a server that refuses connections, so that it is noticed if gridctl asks it."""
    whole = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:9", **(cluster or {})}}],
        "users": [{"name": "u", "user": {"token": SECRET} if user is None else user}],
    }
    return yaml.safe_dump(whole | top)


WRONG: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "the kubeconfig is empty"),
    "not YAML": (f"users:\n- name: a\n  user: {{token: {SECRET}\n", "kubeconfig:4: not a valid kubeconfig"),
    "not text": (b"\xff\xfe" + SECRET.encode("utf-16-le"), "not UTF-8"),
    "not what its tag says": ("users: !!timestamp x", "not a valid kubeconfig"),
    "deep": ("[" * 5000, "not a valid kubeconfig"),
    "not a mapping": (SECRET, "not a mapping"),
    "another kind": (kubeconfig(kind="Secret"), "kind is not Config"),
    "twice": (kubeconfig(users=[{"name": "u", "user": {"token": SECRET}}] * 2), "two users have the name 'u'"),
    "no current": (kubeconfig(**{"current-context": None}), "use-context"),
    "no such context": (kubeconfig(**{"current-context": "hera"}), "did you mean 'here'?"),
    "no such user": (kubeconfig(users=[]), "context 'here': there is no user 'u'"),
    "no such cluster": (kubeconfig(clusters=[]), "context 'here': there is no cluster 'c'"),
    "server": (kubeconfig(cluster={"server": f"https://u:{SECRET}@h"}), "cluster 'c': server has a user or a password"),
    "authority": (kubeconfig(cluster={"certificate-authority-data": PEM}), "holds no certificate in PEM form"),
    "base64": (kubeconfig(cluster={"certificate-authority-data": f"%{SECRET}"}), "-data is not valid base64"),
    "name": (kubeconfig(cluster={"tls-server-name": ".h"}), "cluster 'c': tls-server-name is not the name of a host"),
    "label": (kubeconfig(cluster={"server": f"https://{'a' * 64}.x"}), "cluster 'c': server is not a URL"),
    "proxy": (kubeconfig(cluster={"proxy-url": f"ftp://u:{SECRET}@h"}), "cluster 'c': proxy-url is not a URL"),
    "key": (kubeconfig({"client-certificate-data": PEM, "client-key-data": PEM}), "are not a certificate and a key"),
    "half": (kubeconfig({"client-certificate-data": PEM}), "client-key is missing"),
    "token": (kubeconfig({"token": f"{SECRET}\n{SECRET}"}), "user 'u': token has a line break"),
    "letters": (kubeconfig({"token": f"{SECRET}é"}), "user 'u': token has a space or a character outside ASCII"),
    "file": (kubeconfig({"tokenFile": "two-lines"}), "two-lines has a line break"),
    "no file": (kubeconfig({"tokenFile": "none"}), "none, which tokenFile names: No such file"),
    "no token": (kubeconfig({"tokenFile": "blank"}), "blank is empty"),
    "folder": (kubeconfig({"tokenFile": "."}), "which tokenFile names: Is a directory"),
    "two ways": (kubeconfig({"token": SECRET, "username": "me", "password": SECRET}), "are both set"),
    "provider": (kubeconfig({"auth-provider": {"name": "gcp", "config": {"x": SECRET}}}), "gke-gcloud-auth-plugin"),
    "alpha": (kubeconfig({"exec": {**EXEC, "apiVersion": "client.authentication.k8s.io/v1alpha1"}}), "v1alpha1"),
    "groups alone": (kubeconfig({"token": SECRET, "as-groups": ["system:masters"]}), "need `as`"),
    "as a number": (kubeconfig({"token": SECRET, "as": 7}), "as must be text"),
    "as two lines": (kubeconfig({"token": SECRET, "as": "a\nb"}), "as has a line break"),
    "extra": (kubeconfig({"token": SECRET, "as": "a", "as-user-extra": {1: ["x"]}}), "as-user-extra has a key"),
    "unknown as": (kubeconfig({"token": SECRET, "as": "alice", "as-group": ["readers"]}), "as-group is not known"),
}


COMMANDS = """
import os, pathlib, sys
import gridctl.executors.kubernetes, gridctl.cli.main, gridctl.commands.submission.submit, rich.console, rich.text
for folder in sys.argv[1:]:
    if (child := os.fork()) == 0:
        os.chdir(folder)
        for number, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(name, os.O_CREAT | os.O_WRONLY), number)
        sys.argv = ["gridctl", "submit", "experiment.yaml", "--dry-run"]
        gridctl.cli.main.main()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    pathlib.Path(folder, "exit-code").write_text(str(code))
"""
"""Runs the whole command in each folder, in one process that need not import everything again."""


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of each case, with the command's output and exit code."""
    folders = {case: tmp_path_factory.mktemp("case") for case in WRONG}
    for case, folder in folders.items():
        content = WRONG[case][0]
        (folder / "kubeconfig").write_bytes(content if isinstance(content, bytes) else content.encode())
        (folder / "two-lines").write_text(f"{SECRET}\n{SECRET}\n")
        (folder / "blank").write_text("\n")
        (folder / "experiment.yaml").write_text(EXPERIMENT)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KUBERNETES_")}
    subprocess.run(
        [sys.executable, "-c", COMMANDS, *map(str, folders.values())],
        env={**environment, "KUBECONFIG": "kubeconfig"},
        timeout=240,
        check=True,
    )
    return folders


@pytest.mark.parametrize("case", WRONG)
def test_one_error_names_file_and_field(case: str, tried: dict[str, Path]) -> None:
    stdout, stderr, code = ((tried[case] / name).read_text() for name in ("stdout", "stderr", "exit-code"))
    assert code == "3", stderr
    assert stdout == ""
    assert stderr.startswith("error: kubeconfig:"), stderr
    assert WRONG[case][1] in stderr
    assert stderr.count("error: ") == 1
    assert "a bug" not in stderr
    assert "cannot reach" not in stderr
    assert SECRET not in stderr
