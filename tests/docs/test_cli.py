"""docs/cli.md is what the commands say of themselves, and they say enough."""

import click
import pytest

from tests.docs import cli
from tests.docs.pages import page

COMMANDS = {name: command for name, command, _context in cli.commands()}
#: Options that say nothing of themselves yet. Nothing may be added.
SILENT = {("kiosk booth serve", "port"), ("kiosk hub serve", "port"), ("kiosk hub person", "roles")}


def test_the_page_is_up_to_date():
    assert page(cli.PAGE) == cli.render(), "run: python -m tests.docs.cli"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does(name):
    told = COMMANDS[name].help or ""
    assert len(told.split()) >= 5
    assert told.rstrip().endswith((".", ")"))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_is_for(name):
    options = [one for one in COMMANDS[name].params if isinstance(one, click.Option)]
    silent = {(name, str(one.name)) for one in options if not one.help}
    assert silent <= SILENT
