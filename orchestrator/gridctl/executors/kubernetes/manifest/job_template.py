"""RunSpec -> Kubernetes Job, through a Jinja template that the user may replace."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gridctl.errors import InputError, Problem
from gridctl.executors.kubernetes.manifest.job_checks import Expected, job_problems
from gridctl.executors.kubernetes.manifest.rendered_job import MOST_CHARACTERS
from gridctl.executors.kubernetes.manifest.rendering import JobTemplateText
from gridctl.executors.kubernetes.manifest.rendering_process import TemplateProcess
from gridctl.executors.kubernetes.manifest.template_mistake import TemplateMistake
from gridctl.experiment import Experiment
from gridctl.resources import resource_folder
from gridctl_trainer.contract import exit_codes
from gridctl_trainer.contract.frozen import canonical_json
from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.contract.location import read_folder, read_location
from gridctl_trainer.contract.spec import RunSpec

Json = dict[str, Any]

EXPERIMENT_LABEL: Final = "gridctl/experiment"
RUN_LABEL: Final = "gridctl/run"
DIGEST_ANNOTATION: Final = "gridctl/spec-digest"
SPEC_ANNOTATION: Final = "gridctl/spec"

_TEMPLATE: Final = "k8s/templates/job.yaml.j2"


class JobTemplate:
    """Makes the Jobs of one experiment, and checks each before it is used."""

    def __init__(self, experiment: Experiment, store_url: str) -> None:
        """Read the experiment's template, or the built-in one.

        Raises:
            InputError: The `kubernetes` section lacks something, the store or the data is not
                where pods can reach it, or the template cannot be read: every mistake at once.
        """
        problems = _experiment_problems(experiment, store_url)
        if problems:
            raise InputError(problems)
        self._options = experiment.kubernetes
        self._shown_options = self._options.model_dump(mode="json")
        self._gpus = {self._options.gpu_resource: self._options.gpus} if self._options.gpus else {}
        self._store_url = store_url.rstrip("/")
        self._source, self._template = _read_template(self._options.template)

    def text(self, run: RunSpec) -> str:
        """The Job of a run as YAML.

        Raises:
            InputError: The template uses an undefined value, or its output is not a
                valid Job of this run.
        """
        text, _ = self._render(run)
        return text

    def job(self, run: RunSpec) -> Json:
        """The Job of a run as the API takes it.

        Raises:
            InputError: As for `text`.
        """
        _, job = self._render(run)
        return job

    def _render(self, run: RunSpec) -> tuple[str, Json]:
        spec_url = f"{self._store_url}/{RunLayout(run.experiment, run.run_id).spec}"
        labels = labels_of(run) | dict(self._options.labels)
        annotations = {DIGEST_ANNOTATION: run.digest, SPEC_ANNOTATION: spec_url}
        values = {
            "run": run.model_dump(mode="json"),
            "run_id": run.run_id,
            "spec_url": spec_url,
            "labels": labels,
            "annotations": annotations,
            "kubernetes": self._shown_options,
            "requests": self._options.requests,
            "limits": self._options.limits | self._gpus,
            "exit_codes": {"stopped": exit_codes.STOPPED, "never_retried": sorted(exit_codes.NEVER_RETRIED)},
        }
        try:
            rendered = self._template.render(values)
        except TemplateMistake as mistake:
            raise _input_error(mistake, self._source) from None
        expected = Expected(
            run.run_id, self._options.namespace, labels, annotations, spec_url, tuple(self._options.secret_env)
        )
        fix = f"for the Job of {run.run_id}; see {_TEMPLATE}"
        problems = [
            Problem(f"{field}: {what}", _where(self._source, _line_of(field, rendered.lines)), fix)
            for field, what in job_problems(rendered.job, expected)
        ]
        if problems:
            raise InputError(problems)
        return rendered.text, rendered.job


def labels_of(run: RunSpec) -> dict[str, str]:
    """The labels of a run's Job and pods, by which they are found again."""
    return {
        "app.kubernetes.io/managed-by": "gridctl",
        EXPERIMENT_LABEL: run.experiment,
        RUN_LABEL: run.run_id,
        "gridctl/model": run.model,
        "gridctl/train-ratio": f"{run.train_ratio:g}",
        "gridctl/ablation": run.ablation,
        "gridctl/seed": str(run.seed),
        **({} if run.fold is None else {"gridctl/fold": str(run.fold)}),
    }


def shape_of(job: Mapping[str, Any]) -> str:
    """The parts of a Job that decide how the API server judges it.

    Everything but the names: the run's id and digest, wherever they stand, its labels and annotations.
    """
    metadata, spec = job["metadata"], job["spec"]
    names = (metadata["name"], metadata.get("annotations", {}).get(DIGEST_ANNOTATION, ""))
    kept: Json = {"metadata": {"namespace": metadata.get("namespace")}}
    kept["spec"] = spec | {"template": spec["template"] | {"metadata": {}}}
    text = canonical_json({**job, **kept})
    for name in filter(None, names):
        text = text.replace(name, "")
    return text


def gpus_of(job: Mapping[str, Any], resource: str) -> int:
    """How many GPUs a Job's pod asks for."""
    containers = job["spec"]["template"]["spec"]["containers"]
    return sum(int(container.get("resources", {}).get("limits", {}).get(resource, 0)) for container in containers)


def _experiment_problems(experiment: Experiment, store_url: str) -> list[Problem]:
    options, document = experiment.kubernetes, experiment.document
    problems = []
    if options.image is None:
        fix = "name the trainer's image as the cluster's nodes pull it, such as gridctl-trainer:1.0"
        problems.append(document.problem(("kubernetes", "image"), "is missing", fix, wanted_by=("backend",)))
    writable = [path for path, volume in options.volumes.items() if not volume.read_only]
    if not store_url.startswith("s3://") and not any(_is_in(store_url, path) for path in writable):
        problems.append(
            document.problem(
                ("store",),
                f"pods cannot reach the folder {store_url}",
                "use s3://bucket/prefix, or mount a shared file system at the same path with "
                "kubernetes.volumes and read_only: false",
                wanted_by=("backend",),
            )
        )
    folders = dict.fromkeys((keys, found.path) for run in experiment.runs for keys, found in run.data.places)
    for keys, path in folders:
        place = read_location(path)
        if not place.is_remote and (path.startswith("~") or not place.path.startswith("/")):
            fix = (
                "mount the data with kubernetes.volumes and give its path there, such as /data/acdc, or put it into "
                "a bucket with `gridctl-trainer data upload` and give s3://bucket/prefix"
            )
            problems.append(document.problem(("data", *keys, "path"), f"pods cannot reach {path}", fix))
    return problems


def _is_in(path: str, folder: str) -> bool:
    return Path(path).is_relative_to(folder)


def _read_template(given: str | None) -> tuple[str, JobTemplateText | TemplateProcess]:
    if given is None:
        return _TEMPLATE, JobTemplateText(_built_in())
    try:
        text = _text_of(read_folder(given, "kubernetes.template"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InputError(f"cannot read the template: {reason}", where=given, fix="see kubernetes.template") from None
    try:
        return given, TemplateProcess(text)
    except TemplateMistake as mistake:
        raise _input_error(mistake, given) from None


def _text_of(path: Path) -> str:
    """The text of a template file; special files, which may never end, are refused."""
    if not path.is_file():
        raise OSError(0, "there is no such file" if not path.exists() else "it is not a file")
    with path.open("rb") as file:
        content = file.read(MOST_CHARACTERS + 1)
    if len(content) > MOST_CHARACTERS:
        raise OSError(0, f"it has more than {MOST_CHARACTERS:,} bytes")
    return content.decode("utf-8")


def _built_in() -> str:
    """The template that was installed with this package; in a checkout, the one users edit."""
    return (resource_folder("k8s") / "templates" / "job.yaml.j2").read_text(encoding="utf-8")


def _input_error(mistake: TemplateMistake, source: str) -> InputError:
    return InputError(mistake.what, where=_where(source, mistake.line), fix=mistake.fix)


def _where(source: str, line: int) -> str:
    return f"{source}:{line}" if line else source


def _line_of(field: str, lines: Mapping[str, int]) -> int:
    """Line of a field, or of its nearest ancestor that exists."""
    while field and field not in lines:
        field = field[: max(field.rfind("."), field.rfind("["), 0)]
    return lines.get(field, 0)
