"""`gridctl plan` on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.text import Text

from gridctl.analysis.wording import LEVEL, listed
from gridctl.commands.planning.plan import Cost, Estimate
from gridctl.terminal import console
from gridctl.terminal.tables import Column, FittedTable

if TYPE_CHECKING:
    from gridctl.commands.planning.needs import Need

SUBMIT_FILE: Final = "gridctl submit FILE"


def plan_view(made: Estimate, submit: str = SUBMIT_FILE) -> RenderableType:
    """What is left, what it costs, and how many seeds the effect needs.

    Args:
        made: The plan.
        submit: The command that submits it, with the options that it was planned with.
    """
    parts: list[RenderableType] = [_costs(made), *cost_lines(made, submit), Text("")]
    if made.needs:
        parts += [_needs(made.needs), *need_lines(made)]
    else:
        parts.append(Text("nothing is compared, so there is no effect to count seeds for"))
    return Group(*parts)


def cost_lines(made: Estimate, submit: str = SUBMIT_FILE) -> Iterator[Text]:
    """Cost and time of what is left, in words.

    Args:
        made: The estimate.
        submit: The command that submits it, with the options that it was planned with.
    """
    if not made.runs_left:
        yield Text(f"all of {console.count(made.runs, 'run')} are done: nothing is left to pay for")
        return
    left = f"{made.runs_left} of {console.count(made.runs, 'run')} left"
    if made.unmeasured:
        models = ", ".join(made.unmeasured)
        yield Text(
            f"{left}; no epoch of {models} was measured yet, so how long that takes is unknown: start one seed, "
            f"with `{submit} --set 'seeds=[{made.first_seed}]'`; a few epochs are enough",
            style="yellow",
        )
        return
    assert made.hours is not None
    on_gpu = bool(made.gpus and made.gpu_hours is not None)
    hours = console.training_time(3600 * ((made.gpu_hours if on_gpu else None) or made.hours), on_gpu=on_gpu)
    if made.eta_seconds is None:
        yield Text(f"{left}: {hours}; how long that takes depends on how many runs train at once: give --at-once N")
    else:
        yield Text(f"{left}: {hours}; {console.duration(made.eta_seconds) or '0 s'} with {made.at_once} at once")
    if made.other_runs:
        other = f" with other {listed(made.other_fields)}" if made.other_fields else ""
        yield Text(
            f"  time of an epoch: measured in {console.count(made.other_runs, 'finished run')} of the store{other} "
            f"(on {listed(made.other_devices)}), where this grid has none"
        )


def _costs(made: Estimate) -> RenderableType:
    ablated = any(cost.ablation != "none" for cost in made.cells)
    hours = "GPU time left" if made.gpus else "time left"
    columns = [Column("model", names_row=True), Column("ratio", numeric=True, names_row=True)]
    columns += [Column("ablation", names_row=True)] if ablated else []
    columns += [Column("runs left", numeric=True), Column("s/epoch", numeric=True, goes=1), Column(hours, numeric=True)]
    table = FittedTable(columns)
    for cost in made.cells:
        row = [cost.model, f"{cost.train_ratio:g}", *([cost.ablation] if ablated else [])]
        row += [f"{cost.runs_left}/{cost.runs}", _seconds(cost), _time_left(cost)]
        table.add_row(*row)
    return table


def _seconds(cost: Cost) -> str:
    if cost.seconds_per_epoch is None:
        return "?"
    return f"{'' if cost.measured else '~'}{cost.seconds_per_epoch:.3g}"


def _time_left(cost: Cost) -> str:
    if not cost.runs_left:
        return "·"
    if cost.gpu_hours is None:
        return "?"
    return (
        f"{cost.gpu_hours:,.1f} h" if round(3600 * cost.gpu_hours) >= 3600 else console.duration(3600 * cost.gpu_hours)
    )


def _needs(needs: Sequence[Need]) -> RenderableType:
    power = f"{needs[0].power:.0%}"
    several = len({(need.model, need.against) for need in needs}) > 1
    columns = [Column("compared", names_row=True)] if several else []
    columns += [Column("metric", names_row=True)]
    columns += [Column(heading, numeric=True) for heading in ("effect", "sd", "power now", f"seeds for {power}")]
    columns += [Column("after Holm", numeric=True)]
    table = FittedTable(columns)
    for need in needs:
        effect = f"{need.effect:g} sd" if need.standardised else f"{need.effect:g}"
        compared = [f"{need.model} against {need.against}"] if several else []
        table.add_row(
            *compared,
            need.label,
            effect,
            "?" if need.deviation is None else f"{need.deviation:.3g}",
            f"{need.power_now:.0%}",
            _seeds(need.seeds_needed),
            _seeds(need.seeds_needed_holm),
        )
    return table


def _seeds(number: int | None) -> str:
    return "> 10000" if number is None else str(number)


def _interval_lines(needs: Sequence[Need]) -> Iterator[Text]:
    """How certain the numbers of seeds are, where the deviation was measured on a few pairs."""
    for need in needs:
        if need.seeds_low is not None and need.seeds_low != need.seeds_high:
            high = "more than 10000" if need.seeds_high is None else need.seeds_high
            yield Text(
                f"{need.label}: {need.seeds_low} to {high} seeds at the ends of the sd's 95% interval: it is "
                f"{need.source}"
            )


def _population_lines(needs: Sequence[Need]) -> Iterator[Text]:
    """What a claim about patients like these takes: seeds alone may never be enough."""
    for need in needs:
        if need.population_power_now is None:
            continue
        here = f"{console.count(need.seeds, 'seed')} and {console.count(need.patients, 'patient')}"
        enough = _enough(need.power, need.population_seeds_needed, need.patients_needed)
        yield Text(
            f"{need.label}, patients like these: power now {need.population_power_now:.0%} with {here}; {enough} "
            f"(sd of differences: seeds {need.sd_seed:.3g}, patients {need.sd_patient:.3g}, residual "
            f"{need.sd_residual:.3g})"
        )


def _holm_lines(needs: Sequence[Need]) -> Iterator[Text]:
    """The same for patients like these, where several tests are corrected together."""
    for need in needs:
        if need.population_power_now_holm is None or need.tests < 2:
            continue
        yield Text(
            f"{need.label}, patients like these, after Holm over {need.tests} tests: power now "
            f"{need.population_power_now_holm:.0%}; "
            f"{_enough(need.power, need.population_seeds_needed_holm, need.patients_needed_holm)}"
        )


def _grid_lines(needs: Sequence[Need]) -> Iterator[Text]:
    """What the test over the whole grid can show, which the report makes first."""
    for need in needs:
        grid = need.over_grid
        if grid is None:
            continue
        holm = f" after Holm over {grid.tests} such tests" if grid.tests > 1 else ""
        ends = ""
        if grid.seeds_low != grid.seeds_high:
            ends = f" ({_seeds(grid.seeds_low)} to {_seeds(grid.seeds_high)} at the ends of the sd's 95% interval)"
        yield Text(
            f"{need.label}, over the whole grid, the test that comes first{holm}: power now {grid.power_now:.0%} for "
            f"these patients, {_seeds(grid.seeds_needed)} seeds for {need.power:.0%}{ends}; sd between seeds of the "
            f"mean over {grid.cells} cells {grid.deviation:.3g}, measured over {grid.seeds_measured} seeds"
        )
        if grid.population_power_now is not None:
            yield Text(
                f"{need.label}, over the whole grid, patients like these: power now {grid.population_power_now:.0%} "
                f"with {console.count(grid.patients, 'patient')} scored in every cell; "
                f"{_enough(need.power, grid.population_seeds_needed, grid.patients_needed)}"
            )


def _enough(power: float, seeds: int | None, patients: int | None) -> str:
    """How many seeds, or how many patients, reach a power; or that no number does."""
    with_seeds = (
        f"no number of seeds reaches {power:.0%} with these patients"
        if seeds is None
        else f"{console.count(seeds, 'seed')} with these patients reach {power:.0%}"
    )
    with_patients = (
        "no number of patients is enough with these seeds"
        if patients is None
        else f"{console.count(patients, 'patient')} with these seeds"
    )
    return f"{with_seeds}, {'and' if patients is None else 'or'} {with_patients}"


def _found_by(need: Need) -> str:
    """What finds the effect, by when it may be looked at."""
    if need.anytime:
        return "an e-value finds the effect at any look, one after every seed,"
    if need.looks:
        return f"a paired t finds the effect at any of the declared looks, at {_seeds_of(need.looks)},"
    return "a paired t finds the effect"


def _look_lines(need: Need) -> Iterator[str]:
    """What several looks cost."""
    if need.anytime:
        yield (
            "seeds: by so many the e-value has found the effect so often (simulated); a claim about patients like "
            "these may not be looked at after every seed: power for them is that of one look at the end"
        )
    if not need.looks:
        return
    number, reached = len(need.looks), [look for look in need.looks if look <= need.seeds]
    yield (
        f"looks: {number} of them share the level of {LEVEL}: these patients by Pocock's p at each, simulated; "
        f"patients like these by {LEVEL}/{number} at each, and power for them is that of the last look that the seeds "
        "reach"
    )
    yield (
        "seeds: those of the first look by which the effect is found so often; beyond the last one declared, of a last "
        "look that would have to be declared instead"
    )
    if len(reached) < number:
        verb = "reach none of the looks" if not reached else f"reach {len(reached)} of the {number} looks"
        yield f"the {console.count(need.seeds, 'seed')} of the grid {verb}: power counts those alone"


def _seeds_of(looks: Sequence[int]) -> str:
    return f"{listed([str(look) for look in looks])} seeds"


def _subgroup_lines(needs: Sequence[Need]) -> Iterator[Text]:
    """How many tests of declared subgroups are corrected together, in their two families."""
    said: dict[str, None] = {}
    for need in needs:
        if need.subgroups:
            by = listed([name.replace("_", " ") for name in need.subgroups])
            of = f"{need.label}, {need.model} against {need.against}"
            scored = "of the patients scored so far"
            number = (
                f"{console.count(need.subgroup_tests, 'test')} corrected together, {scored}"
                if need.subgroup_tests
                else "how many tests these are is known once a run has scored its patients"
            )
            said[f"{of}, subgroups by {by}: {number}"] = None
            if need.subgroup_difference_tests:
                between = console.count(need.subgroup_difference_tests, "test")
                question = f"is the difference the same in all subgroups by {by}"
                said[f"{of}, {question}: {between} corrected together, {scored}"] = None
    yield from map(Text, said)


def need_lines(made: Estimate) -> Iterator[Text]:
    """How to read the seeds, in words."""
    first = made.needs[0]
    for source in dict.fromkeys(need.source for need in made.needs):
        if source == "unknown":
            yield Text("sd: of paired differences; not known yet: declare compare.effect_sd, or train a few pairs")
        else:
            yield Text(f"sd: of paired differences, {source}")
    if first.standardised:
        yield Text("effects are in units of that sd; declare compare.effect, the smallest difference worth finding")
    sizes = sorted({need.tests for need in made.needs})
    holm = f"; after Holm: where the smallest p of {sizes[0]} tests must reach {LEVEL}/{sizes[0]}"
    if len(sizes) > 1:
        several = ", ".join(map(str, sizes[:-1])) + f" or {sizes[-1]}"
        holm = f"; after Holm: where the smallest p of the m tests of a family must reach {LEVEL}/m, m = {several}"
    seeds = console.count(first.seeds, "seed")
    for found in dict.fromkeys(_found_by(need) for need in made.needs):
        yield Text(f"power now: chance that {found} with the {seeds} of the grid" + (holm if sizes[-1] > 1 else ""))
    yield from map(Text, dict.fromkeys(line for need in made.needs for line in _look_lines(need)))
    if first.pairs > first.seeds:
        yield Text(
            f"each seed has {first.pairs // first.seeds} folds, and power now counts every pair; folds of one seed "
            "train on some of the same patients, so that the true power is lower"
        )
    yield from _interval_lines(made.needs)
    yield from _population_lines(made.needs)
    yield from _holm_lines(made.needs)
    yield from _grid_lines(made.needs)
    yield from _subgroup_lines(made.needs)
    if first.seeds < made.exact_seeds:
        yield Text(f"below {made.exact_seeds} seeds an exact test cannot reach {LEVEL}, whatever the scores")
