"""Commands with help in plain text, which appears at once because it needs no library for drawing or validation."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

_HELP: Final = ("-h", "--help")
_AS_WIDE_AS_THE_TERMINAL: Final = 1 << 16


class _PlainHelp:
    """What a command and a group of commands have in common."""

    epilog: str | None

    def get_help(self, ctx: Any) -> str:
        """The help text, without blanks at the ends of lines."""
        text: str = super().get_help(ctx)  # type: ignore[misc]
        return "\n".join(line.rstrip() for line in text.splitlines())

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the epilog without refilling its lines, so that examples can be copied."""
        if not self.epilog:
            return
        formatter.write_paragraph()
        for line in inspect.cleandoc(self.epilog).splitlines():
            if line:
                formatter.write_text(line)
            else:
                formatter.write_paragraph()

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Answer a plain request for help before values are read, as that would import libraries for validation."""
        if args and all(word in _HELP for word in args) and not ctx.resilient_parsing:
            typer.echo(ctx.get_help())
            ctx.exit()
        parsed: list[str] = super().parse_args(ctx, args)  # type: ignore[misc]
        return parsed


class _Command(_PlainHelp, TyperCommand):
    """One command."""


class _Group(_PlainHelp, TyperGroup):
    """Several commands."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Answer a plain request for the help of one of the commands, too."""
        found = self.commands.get(args[0]) if len(args) > 1 and args[-1] in _HELP else None
        if found is not None and (len(args) == 2 or isinstance(found, _Group)):
            found.make_context(args[0], args[1:], parent=ctx)  # this shows its help and exits
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the whole summary of each command, instead of one truncated line."""
        found = [(name, self.commands[name]) for name in self.list_commands(ctx)]
        rows = [(name, _summary(command.help or "")) for name, command in found if not command.hidden]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


class CommandApp(typer.Typer):
    """A `typer.Typer` whose commands and groups show plain help for `-h` and `--help`."""

    def __init__(self, **settings: Any) -> None:
        """Accept the arguments of `typer.Typer`."""
        super().__init__(
            cls=_Group,
            rich_markup_mode=None,
            no_args_is_help=True,
            pretty_exceptions_enable=False,
            context_settings={"help_option_names": list(_HELP), "max_content_width": _AS_WIDE_AS_THE_TERMINAL},
            **settings,
        )

    def command(  # type: ignore[override]
        self, name: str | None = None, **settings: Any
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Accept the arguments of `typer.Typer.command`."""
        decorator: Callable[[Callable[..., Any]], Callable[..., Any]]
        decorator = super().command(name, cls=_Command, **settings)
        return decorator


def _summary(text: str) -> str:
    """The first paragraph of a help text, on one line."""
    return " ".join(inspect.cleandoc(text).partition("\n\n")[0].split())
