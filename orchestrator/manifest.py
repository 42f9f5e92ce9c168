"""RunSpec -> Kubernetes Job, through a Jinja template that the user may replace."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final

import yaml
from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from orchestrator.errors import InputError, Problem
from orchestrator.experiment import Experiment
from orchestrator.job_checks import Expected, job_problems
from trainer.contract import exit_codes
from trainer.contract.frozen import canonical_json
from trainer.contract.layout import RunLayout
from trainer.contract.location import read_folder, read_location
from trainer.contract.spec import RunSpec

Json = dict[str, Any]

EXPERIMENT_LABEL: Final = "gridctl/experiment"
RUN_LABEL: Final = "gridctl/run"
DIGEST_ANNOTATION: Final = "gridctl/spec-digest"
QUEUE_LABEL: Final = "kueue.x-k8s.io/queue-name"


class JobTemplate:
    """Makes the Jobs of one experiment, each checked before anybody sees it."""

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
        self._gpus = {self._options.gpu_resource: self._options.gpus} if self._options.gpus else {}
        self._store_url = store_url.rstrip("/")
        self._source, self._template = _read_template(self._options.template)

    def text(self, run: RunSpec) -> str:
        """The Job of a run as YAML.

        Raises:
            InputError: The template asks for a value that there is not, or what it gives is no
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
        annotations = {DIGEST_ANNOTATION: run.digest, "gridctl/spec": spec_url}
        try:
            text = self._template.render(
                run=run.model_dump(mode="json"),
                run_id=run.run_id,
                spec_url=spec_url,
                labels=labels,
                job_labels=labels | ({QUEUE_LABEL: self._options.queue} if self._options.queue else {}),
                annotations=annotations,
                kubernetes=self._options.model_dump(mode="json"),
                requests=self._options.requests,
                limits=self._options.limits | self._gpus,
                exit_codes={"stopped": exit_codes.STOPPED, "never_retried": sorted(exit_codes.NEVER_RETRIED)},
            )
        except UndefinedError as error:
            raise InputError(
                f"the template asks for something that there is not: {error.message}",
                where=_place(self._source, error),
                fix="the head of k8s/templates/job.yaml.j2 lists what there is",
            ) from None
        except (TemplateError, TypeError, ValueError) as error:
            raise InputError(f"the template failed: {error}", where=_place(self._source, error)) from None
        job = _parse(text, self._source)
        expected = Expected(run.run_id, self._options.namespace, labels, annotations, spec_url)
        problems = [
            Problem(f"{field}: {what}", self._source, f"for the Job of {run.run_id}; see k8s/templates/job.yaml.j2")
            for field, what in job_problems(job, expected)
        ]
        if problems:
            raise InputError(problems)
        return text.strip() + "\n", job


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
    }


def shape_of(job: Mapping[str, Any]) -> str:
    """What two Jobs must have in common for the API server to judge both alike.

    Everything but the names: the run's id and digest, wherever they stand, its labels and annotations.
    """
    shape = copy.deepcopy(dict(job))
    metadata = shape["metadata"]
    names = (metadata["name"], metadata.get("annotations", {}).get(DIGEST_ANNOTATION, ""))
    shape["metadata"] = {"namespace": metadata.get("namespace")}
    shape["spec"]["template"]["metadata"] = {}
    text = canonical_json(shape)
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
        problems.append(document.problem(("kubernetes", "image"), "is missing", fix))
    writable = [path for path, volume in options.volumes.items() if not volume.read_only]
    if not store_url.startswith("s3://") and not any(_is_in(store_url, path) for path in writable):
        problems.append(
            document.problem(
                ("store",),
                f"pods cannot reach the folder {store_url}",
                "use s3://bucket/prefix, or mount a shared file system at the same path with "
                "kubernetes.volumes and read_only: false",
            )
        )
    folders: dict[tuple[str, str], None] = {}
    for run in experiment.runs:
        given = {"acdc": run.data.acdc, "sunnybrook": run.data.sunnybrook}
        folders.update({(field, path): None for field, path in given.items() if path})
    for field, path in folders:
        place = read_location(path)
        if not place.is_remote and (path.startswith("~") or not place.path.startswith("/")):
            fix = (
                "mount the data with kubernetes.volumes and give its path there, such as /data/acdc, or put it into "
                "a bucket with `gridctl-trainer data upload` and give s3://bucket/prefix"
            )
            problems.append(document.problem(("data", field), f"pods cannot reach {path}", fix))
    return problems


def _is_in(path: str, folder: str) -> bool:
    return Path(path).is_relative_to(folder)


def _read_template(given: str | None) -> tuple[str, Template]:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    source = given or "k8s/templates/job.yaml.j2"
    try:
        text = read_folder(given, "kubernetes.template").read_text(encoding="utf-8") if given else _built_in()
        return source, environment.from_string(text)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InputError(f"cannot read the template: {reason}", where=source, fix="see kubernetes.template") from None
    except TemplateSyntaxError as error:
        raise InputError(f"not a Jinja template: {error.message}", where=f"{source}:{error.lineno}") from None


def _built_in() -> str:
    """The template that was installed with this package; in a checkout, the one users edit."""
    installed = resources.files("orchestrator") / "templates" / "job.yaml.j2"
    if installed.is_file():
        return installed.read_text(encoding="utf-8")
    checkout = Path(__file__).parents[1] / "k8s" / "templates" / "job.yaml.j2"
    return checkout.read_text(encoding="utf-8")


class _UniqueKeyLoader(yaml.CSafeLoader):
    """YAML as kubectl reads it, but for keys that are given twice: those are refused."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise yaml.MarkedYAMLError(problem=f"'{twice}' is given twice", problem_mark=node.start_mark)
        made: dict[Any, Any] = super().construct_mapping(node, deep)
        return made


def _parse(text: str, source: str) -> Json:
    try:
        documents = [item for item in yaml.load_all(text, Loader=_UniqueKeyLoader) if item is not None]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        lines = text.splitlines()
        line = f" at `{lines[mark.line].strip()}`" if mark and mark.line < len(lines) else ""
        reason = getattr(error, "problem", None) or error
        raise InputError(f"what the template gives is not YAML: {reason}{line}", where=source, fix=_RENDER) from None
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise InputError(f"the template gives {len(documents)} YAML documents, not one Job", where=source)
    try:
        canonical_json(documents[0])
    except (TypeError, ValueError) as error:
        raise InputError(f"what the template gives is no JSON: {error}", where=source, fix=_RENDER) from None
    job: Json = documents[0]
    return job


_RENDER: Final = "write values through the filter `tojson`"


def _place(source: str, error: BaseException) -> str:
    """`template:line` from the traceback, in which Jinja names lines of the template."""
    line, traceback = 0, error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == "<template>":
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return f"{source}:{line}" if line else source
