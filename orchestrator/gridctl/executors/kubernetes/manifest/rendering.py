"""A Jinja template and values -> a Job, each mistake with its line in the template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from gridctl.executors.kubernetes.manifest.rendered_job import Rendered, TemplateOutput, lines_by_text, read_job
from gridctl.executors.kubernetes.manifest.template_mistake import TemplateMistake, quoted

_LARGEST_POWER_BITS: Final = 10_000


class _Environment(ImmutableSandboxedEnvironment):
    """An environment that does no constant folding, and refuses powers that would take minutes."""

    intercepted_binops = frozenset({"**"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        numbers = isinstance(left, int) and isinstance(right, int)
        if numbers and abs(left) > 1 and right * abs(left).bit_length() > _LARGEST_POWER_BITS:
            raise OverflowError(f"{left} ** {right} is too large")
        return super().call_binop(context, operator, left, right)


class JobTemplateText:
    """A compiled template.

    Raises:
        TemplateMistake: It is not a Jinja template.
    """

    def __init__(self, text: str) -> None:
        environment = _Environment(
            undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, optimized=False
        )
        try:
            self._template: Template = environment.from_string(text)
        except TemplateSyntaxError as error:
            raise TemplateMistake(f"not a Jinja template: {quoted(error.message or '')}", error.lineno) from None
        except RecursionError:
            raise TemplateMistake("not a Jinja template: it is nested too deeply") from None
        self._written = lines_by_text(text)
        self._template_lines: dict[int, int] = {}

    def render(self, values: Mapping[str, Any]) -> Rendered:
        """The Job of one run.

        Raises:
            TemplateMistake: It uses an undefined value, fails, or renders something other than one YAML mapping.
        """
        output = TemplateOutput(self._written)
        generator = self._template.root_render_func(self._template.new_context(dict(values)))
        try:
            for piece in generator:
                frame = getattr(generator, "gi_frame", None)
                line = self._template_line(frame.f_lineno) if frame else 0
                output.add(piece, line)
        except UndefinedError as error:
            what = f"the template asks for something that there is not: {quoted(error.message or '')}"
            fix = "the head of k8s/templates/job.yaml.j2 lists what there is"
            raise TemplateMistake(what, self.line_of(error), fix) from None
        except TemplateMistake:
            raise
        except MemoryError as error:
            raise TemplateMistake("the template needs too much memory", self.line_of(error)) from None
        except RecursionError as error:
            raise TemplateMistake("the template calls itself without end", self.line_of(error)) from None
        except Exception as error:  # whatever filters and operators raise
            fix = "a template is one file" if "no loader" in str(error) else ""
            what = f"the template failed: {quoted(str(error)) or type(error).__name__}"
            raise TemplateMistake(what, self.line_of(error), fix) from None
        return read_job(output)

    def line_of(self, error: BaseException) -> int:
        """Where it happened: the innermost line of the template in the traceback."""
        line, traceback = 0, error.__traceback__
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename == "<template>":
                line = self._template_line(traceback.tb_lineno)
            traceback = traceback.tb_next
        return line

    def _template_line(self, code_line: int) -> int:
        """Cached: Jinja searches its whole table of lines at each call, and there is one call per piece."""
        if code_line not in self._template_lines:
            self._template_lines[code_line] = self._template.get_corresponding_lineno(code_line)
        return self._template_lines[code_line]

    @property
    def code_lines(self) -> list[tuple[int, int]]:
        """Pairs of a line of the template and the first line of its compiled form."""
        return [(line, code) for line, code in self._template.debug_info]
