"""The newest checkpoint stays, whichever checkpoints there are and whatever is asked for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gridctl_trainer.contract.layout import Position
from gridctl_trainer.contract.spec import TrainingSpec
from gridctl_trainer.training.checkpoints.retention import best, kept
from tests.scored import SUNNYBROOK_BCE, VALIDATION_DICE

POSITIONS = st.builds(Position, st.integers(0, 30), st.sampled_from([0, 0, 0, 2]))
CHECKPOINTS = st.dictionaries(
    POSITIONS,
    st.one_of(st.just({}), st.fixed_dictionaries({VALIDATION_DICE: st.floats(0, 1)})),
    min_size=1,
)


@given(
    CHECKPOINTS,
    st.integers(1, 5),
    st.none() | st.integers(1, 7),
    st.sampled_from([None, VALIDATION_DICE, "train_loss"]),
)
def test_what_stays(
    checkpoints: dict[Position, dict[str, float]], last: int, every: int | None, by: str | None
) -> None:
    training = TrainingSpec.model_validate(
        {"checkpoint_keep_last": last, "checkpoint_keep_every_epochs": every, "checkpoint_keep_best": by}
    )
    higher = by != "train_loss"
    stay = kept(checkpoints, training, higher_is_better=higher)
    newest_first = sorted(checkpoints, reverse=True)
    assert stay >= set(newest_first[:last])
    assert stay <= set(checkpoints)
    if every:
        assert {p for p in checkpoints if p.epoch % every == 0 and p.step == 0} <= stay
    if by == VALIDATION_DICE and any(checkpoints.values()):
        highest = max(scores[VALIDATION_DICE] for scores in checkpoints.values() if scores)
        assert any(checkpoints[p].get(VALIDATION_DICE) == highest for p in stay)
    assert kept({p: checkpoints[p] for p in stay}, training, higher_is_better=higher) == stay, (
        "nothing more goes the next time"
    )


def test_dice_is_best_high_and_losses_low() -> None:
    scored = [
        (Position(1), {VALIDATION_DICE: 0.5, "train_loss": 0.2}),
        (Position(2), {VALIDATION_DICE: 0.6, "train_loss": 0.3}),
    ]
    assert best(scored, VALIDATION_DICE, higher_is_better=True) == Position(2)
    assert best(scored, "train_loss", higher_is_better=False) == Position(1)
    assert best(scored, SUNNYBROOK_BCE, higher_is_better=False) is None
