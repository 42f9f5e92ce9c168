"""Reading logs at once gives the same as reading them line by line, and accepts no other logs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridctl.collection.attempt_columns import AttemptColumns, MergedColumns, _read_at_once
from gridctl_trainer.contract.errors import MetricLogError
from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.records.attempt_log import merge, read_attempt
from gridctl_trainer.contract.records.metric_log import (
    AttemptRecord,
    DataRecord,
    EndRecord,
    EpochRecord,
    Record,
    SetData,
    write_line,
)
from gridctl_trainer.contract.records.set_scores import SetScores

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def attempt(number: int = 1, resumed: int = 0, *, ranges: bool = False) -> AttemptRecord:
    metrics = {"dice": MetricInfo(label="Dice", higher_is_better=True, low=0, high=1)} if ranges else {}
    return AttemptRecord(
        run_id="run", attempt=number, uid="abc", started_at=NOW, device="cpu", threads=1, resumed_epoch=resumed,
        metrics=metrics,
    )  # fmt: skip


DATA = DataRecord(data_digest="d", split_digest="s", sets={"train": SetData(patients=("a",), images=1)}, train_steps=7)


def epoch(number: int, *, of_set: SetScores | None = None, validated: bool = True, rate: bool = False) -> EpochRecord:
    found = of_set or SetScores(images=9, scores={"dice.lv": 0.5 + number / 1000, "bce.lv": 1 / number})
    return EpochRecord(
        epoch=number,
        train_loss=1 / number,
        skipped_steps=number % 2,
        learning_rate=0.1 / number if rate else None,
        sets={"validation": found, "other": found} if validated else {},
        seconds=2.0 + number,
        images_per_second=1,
        peak_memory_bytes=1,
        finished_at=NOW + timedelta(seconds=number),
    )


def text(records: Iterable[Record]) -> bytes:
    return "".join(map(write_line, records)).encode()


END = EndRecord(exit_code=0, finished_at=NOW + timedelta(hours=1))
PER_BATCH = SetScores(images=3, scores={"dice.lv": 0.5}, per_batch={"dice.lv": (0.5, None)})
UNDEFINED = SetScores(images=3, scores={"dice.lv": 0.5}, undefined={"hd.lv": {"no prediction": 2, "no truth": 1}})
DEFINED = SetScores(images=3, scores={"dice.lv": 0.5, "hd.lv": 3.0})
LOGS = {
    "whole": [attempt(), DATA, *map(epoch, range(1, 6)), END],
    "ranges": [attempt(ranges=True), DATA, *map(epoch, range(1, 6)), END],
    "resumed": [attempt(2, 3), DATA, *map(epoch, range(4, 9))],
    "no data": [attempt(), *map(epoch, range(1, 3))],
    "no epoch": [attempt(), DATA, END],
    "alone": [attempt()],
    "some validated": [attempt(), DATA, *(epoch(number, validated=number % 2 == 0) for number in range(1, 7))],
    "none validated": [attempt(), DATA, *(epoch(number, validated=False) for number in range(1, 4))],
    "learning rate": [attempt(), DATA, *(epoch(number, rate=True) for number in range(1, 4))],
    "per batch": [attempt(), DATA, *(epoch(number, of_set=PER_BATCH) for number in range(1, 4))],
    "undefined": [attempt(), DATA, epoch(1, of_set=UNDEFINED), epoch(2, of_set=DEFINED), epoch(3, of_set=UNDEFINED)],
    "never defined": [attempt(), DATA, epoch(1, of_set=UNDEFINED), epoch(2, of_set=UNDEFINED)],
}


def columns_or_fault(read: Callable[[], AttemptColumns]) -> str:
    try:
        return repr(read())
    except MetricLogError as error:
        return str(error)


def assert_read_alike(data: bytes) -> None:
    expected = columns_or_fault(lambda: AttemptColumns.of(read_attempt(data, "log")))
    assert columns_or_fault(lambda: AttemptColumns.read(data, "log")) == expected
    at_once = _read_at_once(data)
    assert at_once is None or repr(at_once) == expected


@pytest.mark.parametrize("name", LOGS)
def test_what_attempts_write_is_read_at_once(name: str) -> None:
    data = text(LOGS[name])
    assert _read_at_once(data) is not None
    assert_read_alike(data)
    assert_read_alike(data + b'{"kind":"epoch","epo')


def test_logs_of_earlier_versions(project_root: Path) -> None:
    found = list((project_root / "tests/assets/released").rglob("*.jsonl"))
    assert found
    for path in found:
        assert_read_alike(path.read_bytes())


WHOLE = text(LOGS["whole"])
CHANGES = {
    "a key twice": (b'"seconds":4.0,', b'"seconds":4.0,"seconds":4.0,'),
    "a score twice": (b'"dice.lv":0.502', b'"dice.lv":0.502,"dice.lv":0.5'),
    "a key twice, one escaped": (b'"seconds":4.0,', b'"seconds":4.0,"\\u0073econds":1.0,'),
    "true for a number": (b'"seconds":4.0', b'"seconds":true'),
    "text for a number": (b'"seconds":4.0', b'"seconds":"4"'),
    "null for a number": (b'"seconds":4.0', b'"seconds":null'),
    "a whole number": (b'"seconds":4.0', b'"seconds":4'),
    "a fraction for a count": (b'"peak_memory_bytes":1', b'"peak_memory_bytes":1.0'),
    "true for a count": (b'"skipped_steps":1', b'"skipped_steps":true'),
    "a huge count": (b'"peak_memory_bytes":1', b'"peak_memory_bytes":99999999999999999999999'),
    "not a number": (b'"train_loss":0.5', b'"train_loss":NaN'),
    "infinite": (b'"train_loss":0.5', b'"train_loss":1e999'),
    "no score": (b'"dice.lv":0.502', b'"dice.lv":null'),
    "a score that is not a number": (b'"dice.lv":0.502', b'"dice.lv":NaN'),
    "another score": (b'"dice.lv":0.502', b'"dice.rv":0.502'),
    "no name of a score": (b'"dice.lv":0.502', b'"dice lv":0.502'),
    "negative seconds": (b'"seconds":4.0', b'"seconds":-4.0'),
    "an unknown key": (b'"seconds":4.0', b'"second":4.0'),
    "one key more": (b'"seconds":4.0', b'"more":1,"seconds":4.0'),
    "one key less": (b'"images_per_second":1.0,', b""),
    "no zone": (b"2026-11-24T00:00:02Z", b"2026-11-24T00:00:02"),
    "a time as a number": (b'"2026-11-24T00:00:02Z"', b"1700000000"),
    "a time as the text of a number": (b"2026-11-24T00:00:02Z", b"1700000000"),
    "a time of the past": (b"2026-11-24T00:00:02Z", b"1926-11-24T00:00:02Z"),
    "two records in a line": (b'}\n{"kind":"epoch","epoch":3', b'},{"kind":"epoch","epoch":3'),
    "an epoch lost": (b'"epoch":3,', b'"epoch":4,'),
    "no validation": (b'"validation":{', b'"test":{'),
    "a list for scores": (b'"scores":{"dice.lv":0.502,"bce.lv":0.5}', b'"scores":[]'),
    "a list for minibatches": (b'"per_batch":{}', b'"per_batch":[]'),
    "nothing for minibatches": (b'"per_batch":{}', b'"per_batch":null'),
    "a list for sets": (b'"sets":{', b'"sets":[],"sets":{'),
    "no image": (b'"images":9', b'"images":0'),
    "another kind": (b'"kind":"epoch","epoch":2', b'"kind":"epoch","kind":"end","epoch":2'),
    "blanks": (b'"seconds":4.0', b'"seconds" : 4.0 '),
    "an empty line": (b'\n{"kind":"epoch","epoch":2', b'\n\n{"kind":"epoch","epoch":2'),
    "bytes that are no text": (b'"seconds":4.0', b'"secon\xffds":4.0'),
    "a second attempt": (b'\n{"kind":"epoch","epoch":2', b'\n{"kind":"attempt"}\n{"kind":"epoch","epoch":2'),
}


@pytest.mark.parametrize("name", CHANGES)
def test_no_change_is_read_in_two_ways(name: str) -> None:
    old, new = CHANGES[name]
    assert old in WHOLE, "else nothing changes"
    assert_read_alike(WHOLE.replace(old, new, 1))
    assert_read_alike(WHOLE.replace(old, new))


def test_a_score_outside_of_its_range_is_named() -> None:
    data = text(LOGS["ranges"]).replace(b'"dice.lv":0.502', b'"dice.lv":1.502', 1)
    assert_read_alike(data)
    with pytest.raises(MetricLogError, match=r"validation\.dice\.lv of epoch 2 is 1\.502"):
        AttemptColumns.read(data, "log")


def test_a_log_that_begins_with_an_epoch_is_refused() -> None:
    lines = WHOLE.splitlines(keepends=True)
    assert_read_alike(lines[2] + b"".join(lines[:2]) + b"".join(lines[3:]))


TOKENS = (b"0", b"-1", b"1e40", b"NaN", b"true", b"null", b'"', b"{}", b"[", b"]", b",", b":", b"}", b"\n", b"\\", b"")


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(LOGS)), st.integers(0, 10**6), st.integers(0, 12), st.sampled_from(TOKENS))
def test_whatever_is_damaged_is_read_in_one_way(name: str, place: int, length: int, token: bytes) -> None:
    data = text(LOGS[name])
    place %= len(data)
    assert_read_alike(data[:place] + token + data[place + length :])


def test_attempts_merge_as_their_records_do() -> None:
    other = SetScores(images=9, scores={"dice.lv": 0.1, "new.lv": 0.2})
    texts = [
        text([attempt(1), DATA, *map(epoch, range(1, 7))]),
        text([attempt(2, 4), *(epoch(number, of_set=other) for number in range(5, 9))]),
        text([attempt(3, 8), DATA]),
    ]
    merged = MergedColumns.of([AttemptColumns.read(data) for data in reversed(texts)])
    records = merge([read_attempt(data) for data in texts])
    assert list(merged.epochs.epoch) == [record.epoch for _, record in records]
    assert list(merged.attempt) == [log.attempt.attempt for log, _ in records]
    assert list(merged.epochs.train_loss) == [record.train_loss for _, record in records]
    assert [log.attempt.attempt for log in merged.sources] == [1, 2]
    assert merged.updates == sum(log.data.train_steps - record.skipped_steps for log, record in records if log.data)
    for name in ("validation.dice.lv", "validation.new.lv"):
        expected = [record.named_scores.get(name) for _, record in records]
        assert [value if value == value else None for value in merged.epochs.scores[name]] == expected
    assert merged.latest_scores == records[-1][1].named_scores


def test_an_attempt_without_an_epoch_says_nothing_of_the_others() -> None:
    whole = AttemptColumns.read(WHOLE)
    assert MergedColumns.of([whole, replace(whole, attempt=attempt(9), epochs=MergedColumns().epochs)]).last is whole
