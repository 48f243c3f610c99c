"""docs/cli.md, written from the `--help` of every command: `python -m tests.docs.cli`."""

from collections.abc import Iterator

import click

from kiosk.cli import main
from tests.docs.pages import TREE

PAGE = "docs/cli.md"
_WIDTH = 100
_HEAD = """# Commands

Written by `python -m tests.docs.cli` from the `--help` of every command; change the help, then run that.

Every command exits with 0 when it did what it was asked, with 1 and one line `code: sentence` on stderr when it
could not, and with 2 when it was called wrongly. `kiosk booth sync` and `kiosk booth receipt` exit with 1 unless
the hub has signed for everything, `kiosk hub import` if a file was refused, `kiosk hub completeness` if anything is
missing, `kiosk hub verify` if there is any fault. What the folders hold and which settings there are stands in
[operating.md](operating.md#configuration).
"""


def commands() -> Iterator[tuple[str, click.Command, click.Context]]:
    """Every group and command, depth first: ("kiosk hub code", command, context)."""
    return _walk("kiosk", main, None)


def _walk(
    name: str, command: click.Command, parent: click.Context | None
) -> Iterator[tuple[str, click.Command, click.Context]]:
    context = click.Context(command, parent, info_name=name.rpartition(" ")[2], terminal_width=_WIDTH)
    yield name, command, context
    if isinstance(command, click.Group):
        for word in command.list_commands(context):
            found = command.get_command(context, word)
            assert found is not None
            yield from _walk(f"{name} {word}", found, context)


def render() -> str:
    parts = [_HEAD]
    for name, command, context in commands():
        level = "##" if isinstance(command, click.Group) else "###"
        text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
        parts.append(f"{level} {name}\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    (TREE / PAGE).write_text(render(), "utf-8")
