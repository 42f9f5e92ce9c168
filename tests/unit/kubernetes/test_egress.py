"""A port that no NetworkPolicy allows pods to reach is named, with what would open it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gridctl.executors.kubernetes.store_access.egress import compare_egress

BASE = Path(__file__).parents[3] / "k8s" / "base" / "network-policy.yaml"
LABELS = {"gridctl/run": "a"}


def base() -> dict[str, Any]:
    made: dict[str, Any] = yaml.safe_load(BASE.read_text())
    return made


def policy(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "mine"}, "spec": {"podSelector": {}, "policyTypes": ["Egress"], **spec}}


@pytest.mark.parametrize("endpoint", ["", "https://s3.lab.org", "http://10.0.0.1:9000", "https://s3.lab.org:443/"])
def test_the_base_lets_pods_out_to_usual_ports(endpoint: str) -> None:
    assert compare_egress([base()], LABELS, endpoint, "lab") == []


@pytest.mark.parametrize(
    ("endpoint", "port"),
    [("http://s3.lab.org", 80), ("http://10.0.0.1:8333", 8333), ("https://[2001:db8::1]:7480", 7480)],
)
def test_another_port_is_named_and_what_is_shown_opens_it(endpoint: str, port: int) -> None:
    closed = base()
    (found,) = compare_egress([closed], LABELS, endpoint, "lab")
    assert (found.check.state, found.certain) == ("failed", False)
    assert f"the S3 server is at port {port}, and NetworkPolicy gridctl" in found.check.says
    shown = re.fullmatch(r"kubectl -n lab patch networkpolicy gridctl --type=json -p '(.*)'", found.check.fix)
    assert shown is not None
    (operation,) = json.loads(shown[1])
    assert operation["path"] == "/spec/egress/1/ports/-"
    closed["spec"]["egress"][1]["ports"].append(operation["value"])
    assert compare_egress([closed], LABELS, endpoint, "lab") == []


def test_the_comment_in_the_file_is_the_command_that_is_shown() -> None:
    (found,) = compare_egress([base()], LABELS, "http://10.0.0.1:8333", "gridctl")
    written = BASE.read_text().replace("\n", " ").replace("#   ", "").replace("\\", "").replace("#", "")
    assert " ".join(found.check.fix.split()) in " ".join(written.split())


@pytest.mark.parametrize(
    "policies",
    [
        [],
        [policy(egress=[{}])],
        [policy(egress=[{"ports": [{"port": 8000, "endPort": 9000}]}])],
        [policy(egress=[{"ports": [{"port": "s3"}]}])],
        [policy(egress=[]), policy(egress=[{"to": [], "ports": [{"protocol": "TCP"}]}])],
        [policy(egress=[], podSelector={"matchLabels": {"app": "other"}})],
        [policy(egress=[], podSelector={"matchExpressions": [{"key": "gridctl/run", "operator": "DoesNotExist"}]})],
        [{"metadata": {"name": "in"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}}],
    ],
)
def test_nothing_is_said_where_some_policy_allows_it_or_none_is_about_these_pods(policies: list[Any]) -> None:
    assert compare_egress(policies, LABELS, "http://10.0.0.1:8333", "lab") == []


@pytest.mark.parametrize("closed", [policy(egress=[]), policy(), policy(egress=[{"ports": [{"port": 443}]}])])
def test_a_policy_that_shows_no_place_to_add_it(closed: dict[str, Any]) -> None:
    (found,) = compare_egress([closed], LABELS, "http://10.0.0.1:8333", "lab")
    assert "have an administrator allow TCP 8333" in found.check.fix


@pytest.mark.parametrize("endpoint", ["http://minio:80", "http://minio.lab.svc.cluster.local:80", "http://127.0.0.1:1"])
def test_a_service_inside_the_cluster_has_another_port_than_its_pods(endpoint: str) -> None:
    assert compare_egress([base()], LABELS, endpoint, "lab") == []
