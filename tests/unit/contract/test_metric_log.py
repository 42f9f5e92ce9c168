"""The metric log is read as it was written, merges attempts, and never contains NaN."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridctl_trainer.contract.errors import MetricLogError
from gridctl_trainer.contract.records.attempt_log import AttemptLog, merge, read_attempt
from gridctl_trainer.contract.records.metric_log import AttemptRecord, EndRecord, EpochRecord, write_line
from tests.scored import DICE, set_scores

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def attempt(number: int = 1, uid: str = "a", **changes: Any) -> AttemptRecord:
    fields: dict[str, Any] = {"run_id": "r", "started_at": NOW, "device": "cpu", "threads": 1, **changes}
    return AttemptRecord(attempt=number, uid=uid, **fields)


def epoch(number: int, dice: float = 0.5, train_loss: float = 0.1) -> EpochRecord:
    return EpochRecord(
        epoch=number,
        train_loss=train_loss,
        sets={"validation": set_scores(dice, 0.3)},
        seconds=1.5,
        images_per_second=2.0,
        peak_memory_bytes=3,
        finished_at=NOW,
    )


def log(record: AttemptRecord, *epochs: EpochRecord) -> AttemptLog:
    return AttemptLog(record, epochs=epochs)


finite = st.floats(-1e40, 1e40)


@given(st.lists(st.tuples(st.floats(0, 1), finite), max_size=8))
def test_what_is_written_is_read_again(values: list[tuple[float, float]]) -> None:
    records = [epoch(i, dice, loss) for i, (dice, loss) in enumerate(values, 1)]
    end = EndRecord(exit_code=143, message="stopped", finished_at=NOW)
    text = "".join(write_line(record) for record in (attempt(), *records, end))
    read = read_attempt(text)
    assert read.attempt == attempt()
    assert list(read.epochs) == records
    assert read.end == end


@given(st.data())
def test_a_log_that_was_cut_anywhere_keeps_its_whole_lines(data: st.DataObject) -> None:
    lines = [write_line(record) for record in (attempt(), epoch(1), epoch(2))]
    text = "".join(lines)
    cut = data.draw(st.integers(len(lines[0]), len(text)))
    whole = sum(len("".join(lines[: i + 1])) <= cut for i in range(3))
    assert len(read_attempt(text[:cut]).epochs) == whole - 1


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_score_that_is_not_finite_is_refused_and_named(value: float) -> None:
    record = epoch(1).model_copy(update={"train_loss": value})
    with pytest.raises(MetricLogError, match="train_loss is"):
        write_line(record)
    scores = epoch(1).sets["validation"].model_copy(update={"per_batch": {DICE: (0.5, value)}})
    with pytest.raises(MetricLogError, match=r"validation\.per_batch\.soft_dice\.left_ventricle\[1\] is"):
        write_line(epoch(1).model_copy(update={"sets": {"validation": scores}}))


@pytest.mark.parametrize("text", ["", "nonsense\n", '{"kind": "epoch"}\n', '{"kind": "other"}\n', write_line(epoch(1))])
def test_what_is_no_log_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(MetricLogError) as caught:
        read_attempt(text, "key.jsonl")
    assert "key.jsonl:1" in str(caught.value)


def test_for_each_epoch_the_newest_attempt_that_has_it_counts() -> None:
    first = log(attempt(1), epoch(1, 0.1), epoch(2, 0.2), epoch(3, 0.3))
    second = log(attempt(2, "b"), epoch(3, 0.33), epoch(4, 0.4))
    merged = merge([second, first])
    assert [
        (record.epoch, record.sets["validation"].scores[DICE], source.name.number) for source, record in merged
    ] == [
        (1, 0.1, 1),
        (2, 0.2, 1),
        (3, 0.33, 2),
        (4, 0.4, 2),
    ]


def test_of_two_attempts_with_one_number_the_later_start_counts() -> None:
    early = log(attempt(2, "z"), epoch(1, 0.1))
    late = log(attempt(2, "a", started_at=NOW + timedelta(seconds=1)), epoch(1, 0.2))
    assert merge([late, early])[0][1].sets["validation"].scores[DICE] == 0.2


@given(st.permutations(range(4)))
def test_the_merged_log_does_not_depend_on_the_order_of_reading(order: list[int]) -> None:
    logs = [log(attempt(n, f"u{n}"), *(epoch(e, (n * 10 + e) / 100) for e in range(n, n + 3))) for n in range(1, 5)]
    assert merge([logs[i] for i in order]) == merge(logs)


def test_timings_are_no_scores() -> None:
    slow = epoch(1).model_copy(update={"seconds": 99.0, "finished_at": NOW + timedelta(days=1)})
    assert slow.scores == epoch(1).scores
    assert slow.scores != epoch(1, dice=0.51).scores
