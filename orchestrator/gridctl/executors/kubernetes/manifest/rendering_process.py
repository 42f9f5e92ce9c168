"""Renders a user's template in a process of its own, whose time and memory are bounded.

The sandbox of Jinja keeps a template from files and secrets, not from `'a' * 10**10`. The process reads
lines of JSON: first the template, then the values of one run after the other, and answers each.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Final

from gridctl.executors.kubernetes.manifest.rendered_job import Rendered
from gridctl.executors.kubernetes.manifest.rendering import JobTemplateText
from gridctl.executors.kubernetes.manifest.template_mistake import TemplateMistake

SECONDS: Final = 2
"""CPU time for the Job of one run; it usually takes a few milliseconds."""
_MEMORY_BYTES: Final = 512 << 20
_TOO_LONG: Final = f"the template takes more than {SECONDS} seconds for one Job"


class TemplateProcess:
    """A template rendered in another process, which ends with this object.

    Raises:
        TemplateMistake: It is not a Jinja template.
    """

    def __init__(self, text: str) -> None:
        self._code_lines: list[tuple[int, int]] = []
        try:
            self._last_words = tempfile.TemporaryFile()  # noqa: SIM115
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "gridctl.executors.kubernetes.manifest.rendering_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._last_words,
                text=True,
                encoding="utf-8",
            )
        except OSError as error:
            what = f"cannot start the process that renders the template: {error.strerror}"
            raise TemplateMistake(what, 0, "free memory, or set TMPDIR to a folder with space") from None
        weakref.finalize(self, _end, self._process, self._last_words)
        self._code_lines = [(line, code) for line, code in self._ask({"template": text})["code_lines"]]

    def render(self, values: Mapping[str, Any]) -> Rendered:
        """The Job of one run.

        Raises:
            TemplateMistake: As for `JobTemplateText.render`, or it takes too much time or memory.
        """
        return Rendered(**self._ask({"values": values}))

    def _ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer.endswith("\n"):
            raise self._died()
        made: dict[str, Any] = json.loads(answer)
        if "mistake" in made:
            raise TemplateMistake(**made["mistake"])
        return made

    def _died(self) -> TemplateMistake:
        code = self._process.wait()
        self._last_words.seek(0)
        words = self._last_words.read().decode(errors="replace")
        found = re.search(r'File "<template>", line (\d+)', words)
        before = [line for line, start in self._code_lines if found and start <= int(found[1])]
        if code == -signal.SIGXCPU:
            return TemplateMistake(_TOO_LONG, before[-1] if before else 0)
        last = words.strip().rpartition("\n")[2]
        return TemplateMistake(f"the process that renders the template ended ({last or f'status {code}'})")


def _end(process: subprocess.Popen[str], last_words: IO[bytes]) -> None:
    with contextlib.suppress(OSError):
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
    process.wait()
    last_words.close()


class _OutOfTime(BaseException):
    """Raised by a signal while the template renders."""


def _main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process by closing its input
    _bound_memory()
    # A computation inside a single operation is not interrupted by Python: the second signal ends it.
    faulthandler.register(signal.SIGXCPU, all_threads=False, chain=True)
    signal.signal(signal.SIGPROF, _raise_out_of_time)
    template: JobTemplateText | None = None
    for line in sys.stdin:
        question = json.loads(line)
        try:
            with _bounded_time():
                if template is None:
                    template = JobTemplateText(question["template"])
                    answer: dict[str, Any] = {"code_lines": template.code_lines}
                else:
                    rendered = template.render(question["values"])
                    answer = {"text": rendered.text, "job": rendered.job, "lines": dict(rendered.lines)}
        except TemplateMistake as mistake:
            answer = {"mistake": asdict(mistake)}
        except MemoryError:
            answer = {"mistake": {"what": "the template needs too much memory"}}
        except _OutOfTime as error:
            answer = {"mistake": {"what": _TOO_LONG, "line": _line(template, error)}}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _line(template: JobTemplateText | None, error: BaseException) -> int:
    return template.line_of(error) if template is not None else 0


def _bound_memory() -> None:
    with contextlib.suppress(OSError, ValueError):  # not every system has it
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = pages * resource.getpagesize() + _MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


@contextlib.contextmanager
def _bounded_time() -> Iterator[None]:
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + SECONDS + 2, hard))
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _raise_out_of_time(*_: object) -> None:
    raise _OutOfTime


if __name__ == "__main__":
    _main()
