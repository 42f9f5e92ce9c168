"""Whoever has nothing but the report can say how each test was made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from gridctl.analysis.model import Family, Report
from gridctl.report.methods import family_lines, methods
from gridctl.report.renderers.latex import as_latex
from gridctl.report.renderers.markdown import as_markdown
from gridctl.report.warnings import many_families
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report import situations
from tests.unit.report.test_claims import dice, filled, reported


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def said_of(name: str, folder: Path) -> str:
    return " ".join(methods(situations.reported(situations.SITUATIONS[name], folder)))


def test_a_claim_of_patients_names_test_degrees_of_freedom_unit_assumptions_and_error_rates(
    store: FolderStore, tmp_path: Path
) -> None:
    report = reported(filled(store, tmp_path, dice(0.05, 0.01)), store)
    said = " ".join(methods(report))
    for words in (
        "t-test of the mean difference over crossed seeds and patients",
        "end-diastole and end-systole",
        "Satterthwaite's rule",
        "counts each patient once",
        "random sample",
        "4.6% to 6.2%",
        "are not corrected for the number of tests",
        "A cell is one train ratio",
        "Over the whole grid, that is over all cells",
        "P(better) is the share of pairs in which the first model scores better",
    ):
        assert words in said


def test_degrees_of_freedom_are_named_for_each_test_of_a_few(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(store, tmp_path, dice(0.05, 0.01), "compare.metrics=[validation.dice]"), store)
    (part,) = report.comparisons
    said = " ".join(methods(report))
    named: Mapping[str, float | None] = {
        "validation Dice over the whole grid": part.overall[0].population_df,
        **{f"validation Dice at ratio {row.train_ratio:g}": row.population_df for row in part.rows},
    }
    assert len(named) == 3
    for name, df in named.items():
        assert df
        assert f"{df:.1f}".removesuffix(".0") + f" for {name} (standard error " in said
    row = part.rows[0]
    assert row.population_sd_patient is not None
    assert f"between patients {row.population_sd_patient:.2g}" in said
    assert "Patients trained on, mean over runs: 1 at ratio 0.2 and 1 at ratio 0.5" in said
    assert "Degrees of freedom: number of pairs - 1, here 4 " in said
    assert "6 of 6 patients per seed and 5 seeds per patient on average for validation Dice at ratio 0.2" in said
    assert "a score is missing: none" in said
    assert "Fewer patients, as here, were not simulated" in said
    assert "permutation and Wilcoxon cannot go below p = 0.0625" in said


def test_without_scores_of_patients_no_test_over_patients_is_described(store: FolderStore, tmp_path: Path) -> None:
    said = " ".join(methods(reported(filled(store, tmp_path, None), store)))
    assert "paired t-test" in said
    assert "crossed seeds and patients" not in said
    assert "Satterthwaite" not in said


def test_declared_looks_and_looks_after_every_seed_are_described(store: FolderStore, tmp_path: Path) -> None:
    looks = filled(store, tmp_path, dice(0.05), "compare.stopping={looks: [3]}")
    assert any(line.startswith("At declared looks") for line in methods(reported(looks, store)))
    after_every_seed = said_of("looked at after every seed", tmp_path)
    assert "mean 0 and variance 4" in after_every_seed
    assert "These patients, as of one look: a two-sided paired t-test" in after_every_seed


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "within the margin",
            "Equivalence: the difference is within ±0.05, the margin that the experiment file declares",
        ),
        ("a declared trend", "Trend: the slope of the lead over the binary logarithm of the train ratio"),
        ("declared subgroups", "Declared subgroups: the test of the claim"),
        ("random splits without scores of patients", "Nadeau and Bengio (2003), two-sided"),
        ("these patients, who differ", "over crossed seeds and patients"),  # the other reading is shown too
        ("masks, better than five networks", "number of patients - 1, here 5"),
    ],
)
def test_what_else_is_tested_is_described(name: str, words: str, tmp_path: Path) -> None:
    assert words in said_of(name, tmp_path)


def test_what_is_not_tested_is_not_described(tmp_path: Path) -> None:
    said = said_of("five seeds, no difference", tmp_path)
    for words in ("Equivalence", "Against masks", "subgroups", "Nadeau", "e-values"):
        assert words not in said


def family(name: str, m: int = 2, declared: str = "metric", *, secondary: bool = False) -> Family:
    return Family(name, m, declared, 0.05, secondary=secondary)


def test_families_are_listed_with_their_sizes_and_those_that_the_warning_counts_can_be_told() -> None:
    families = [
        *(family(f"{name} against unet, validation Dice") for name in "abc"),
        family("a against unet, validation HD95, secondary", secondary=True),
        family("a against unet, validation Dice, differences between subgroups", 1, "subgroup_differences"),
    ]
    lines = list(family_lines(families))
    assert lines[0] == (
        "Family “a against unet, validation Dice”, level 0.05: 2 tests corrected together by Holm's method"
    )
    assert lines[3].endswith("; secondary, not part of the answer")
    assert lines[4].endswith(
        "1 test, which needs no correction; asks whether subgroups differ, not which model is better"
    )
    counted = [line for line in lines if "not part of the answer" not in line and "whether subgroups" not in line]
    (warning,) = many_families(families, [])
    assert f"by {len(counted)} families of tests (of {len(lines)}: " in warning
    assert not list(many_families(families[1:], []))


def test_the_tests_over_the_whole_grid_are_families_of_the_list_and_of_the_warning(
    store: FolderStore, tmp_path: Path
) -> None:
    three = [
        "models={unet: {}, gamma_net: {}, other: {architecture: unet}}",
        "compare=[{model: gamma_net, against: [unet, other], metrics: [validation.dice, sunnybrook.dice], "
        "secondary: [validation.hd95], family: metric}, {model: unet, against: other, metrics: [validation.dice], "
        "family: comparison}]",
        "metrics=[dice, hd95, soft_dice, bce]",
    ]
    report = reported(filled(store, tmp_path, dice(0.05, 0.01), *three), store)
    lines = [line for line in methods(report) if line.startswith("Family")]
    of_grid = [line for line in lines if ", over the whole grid”" in line]
    assert "Family “all comparisons of models, validation Dice, over the whole grid”, level 0.05: 2 tests" in of_grid[0]
    lines = [line for line in lines if "trend" not in line]
    better = [line for line in lines if "not part of the answer" not in line]
    assert len(of_grid) == len(lines) - len(of_grid) == 4
    assert len(better) == 6
    (warning,) = (line for line in report.warnings if "families of tests" in line)
    assert "by 6 families of tests (of 8: " in warning
    assert "up to 26% of such studies" in warning


def test_markdown_and_latex_say_it_as_the_page_does(store: FolderStore, tmp_path: Path) -> None:
    report: Report = reported(filled(store, tmp_path, dice(0.05, 0.01)), store)
    for text in (as_markdown(report), as_latex(report)):
        assert "How it was tested" in text
        assert text.count("Satterthwaite's rule") == 1
        assert "corrected together by Holm's method" in text.replace("\\_", "_")
