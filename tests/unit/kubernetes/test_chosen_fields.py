"""Pages of listings are parsed as `json.loads` does, without the fields that nobody looks at."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridctl.executors.kubernetes.api.chosen_fields import WHOLE, ChosenFields
from gridctl.executors.kubernetes.api.listing import Kind
from gridctl.executors.kubernetes.status.objects import JOBS, PODS

NAMES = ("a", "b", "c")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from((*NAMES, "z")), inner, max_size=4),
    max_leaves=20,
)
SHAPES = st.recursive(
    st.just(WHOLE),
    lambda inner: inner.map(lambda of: [of]) | st.dictionaries(st.sampled_from(NAMES), inner, min_size=1, max_size=3),
    max_leaves=6,
)


def fits(value: Any, shape: Any) -> bool:
    """Whether objects and arrays are where the shape has them."""
    if shape is WHOLE or value is None:
        return True
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(fits(value[name], of) for name, of in shape.items() if name in value)
    return isinstance(value, list) and all(fits(item, shape[0]) for item in value)


def chosen(value: Any, shape: Any) -> Any:
    """What a shape names of a value that fits."""
    if shape is WHOLE or value is None:
        return value
    if isinstance(shape, dict):
        return {name: chosen(value[name], of) for name, of in shape.items() if name in value}
    return [chosen(item, shape[0]) for item in value]


@given(VALUES, SHAPES)
def test_what_a_shape_names_is_kept_and_all_of_what_does_not_fit(value: Any, shape: Any) -> None:
    text = json.dumps(value).encode()
    assert ChosenFields(shape).parse(text) == (chosen(value, shape) if fits(value, shape) else value)


@pytest.mark.parametrize("text", [b"", b"<html>", b'{"items": [', b'{"items": "\xff"}'], ids=repr)
def test_what_is_no_json_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of any kind, as of `json.loads`
        ChosenFields({"items": [WHOLE]}).parse(text)


CONDITION = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too often"}
JOB = {
    "metadata": {
        "name": "demo-1",
        "uid": "u",
        "annotations": {"gridctl/spec-digest": "d", "other": "x"},
        "labels": {"kueue.x-k8s.io/queue-name": "q", "other": "x"},
        "creationTimestamp": "2026-11-27T00:00:00Z",
        "deletionTimestamp": "2026-11-27T00:00:01Z",
        "managedFields": [{"manager": "gridctl"}],
    },
    "spec": {"suspend": True, "backoffLimit": 3, "template": {"spec": {}}},
    "status": {"conditions": [CONDITION], "failed": 4, "active": 1},
}
ENDED = {"terminated": {"exitCode": 3, "reason": "Error", "message": "bad data"}}
POD = {
    "metadata": {
        "name": "demo-1-x",
        "uid": "u",
        "labels": {"batch.kubernetes.io/job-name": "demo-1", "other": "x"},
        "creationTimestamp": "2026-11-27T00:00:00Z",
        "deletionTimestamp": "2026-11-27T00:00:01Z",
        "managedFields": [{"manager": "kubelet"}],
    },
    "spec": {"nodeName": "n", "schedulingGates": [{"name": "g"}], "containers": [{"name": "trainer"}]},
    "status": {
        "phase": "Running",
        "reason": "Evicted",
        "message": "full",
        "startTime": "2026-11-27T00:00:00Z",
        "conditions": [
            {"type": "PodScheduled", "status": "False", "message": "no GPU"},
            {"type": "DisruptionTarget", "status": "True", "reason": "Preemption", "message": "by another"},
            {"type": "Ready", "status": "True"},
        ],
        "initContainerStatuses": [{"name": "copy", "state": {"waiting": {"reason": "ErrImagePull", "message": "no"}}}],
        "containerStatuses": [{"name": "trainer", "image": "i", "state": ENDED}],
    },
}


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        (JOBS, JOB),
        (JOBS, {"metadata": {"name": "bare"}}),
        (PODS, POD),
        (PODS, {**POD, "status": {**POD["status"], "initContainerStatuses": None}}),  # type: ignore[dict-item]
        (
            PODS,
            {
                **POD,
                "status": {
                    "containerStatuses": [
                        {"name": "trainer", "state": {"running": {"startedAt": "2026-11-27T00:00:00Z"}}}
                    ]
                },
            },
        ),
        (
            PODS,
            {
                "metadata": {
                    "name": "old",
                    "labels": {"job-name": "demo-1"},
                    "creationTimestamp": "2026-11-27T00:00:00Z",
                }
            },
        ),
    ],
)
def test_every_field_that_is_read_of_jobs_and_pods_is_parsed(kind: Kind[Any], item: dict[str, Any]) -> None:
    page = kind.parser.parse(json.dumps({"metadata": {"continue": "c"}, "items": [item]}).encode())
    assert [kind.read(parsed) for parsed in page["items"]] == [kind.read(item)]
    assert page["metadata"] == {"continue": "c"}
    assert "managedFields" not in str(page)
