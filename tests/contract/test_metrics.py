"""The built-in metrics keep the promises of every metric."""

from __future__ import annotations

import pytest

from gridctl_trainer.plugins.metric import METRICS
from gridctl_trainer.testing.light_descriptor import require_light
from gridctl_trainer.testing.metrics import MetricContract


class TestSoftDice(MetricContract):
    metric = "soft_dice"


class TestBce(MetricContract):
    metric = "bce"


@pytest.mark.parametrize("name", [name for name in METRICS.names() if METRICS.is_built_in(name)])
class TestEach:
    """The promises that need no separate interpreter, for all metrics."""

    def test_it_keeps_the_contract(self, name: str) -> None:
        contract = type("Contract", (MetricContract,), {"metric": name})()
        contract.test_its_description_is_read_back_from_a_log()
        contract.test_a_good_prediction_scores_better_than_a_bad_one()
        contract.test_it_is_deterministic_and_changes_nothing()
        contract.test_it_has_a_score_of_each_structure_if_it_says_so()
        for kind in ("good", "bad", "no truth", "nothing predicted", "neither"):
            contract.test_everything_has_a_number_within_the_range_or_a_reason(kind)


def test_all_of_them_are_described_without_torch() -> None:
    require_light(
        "from gridctl_trainer.plugins.metric import METRICS\n"
        "for name in METRICS.names(): assert METRICS.find(name).definition, name"
    )
