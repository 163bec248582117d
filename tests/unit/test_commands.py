"""The `ntf` command has every subcommand that there is a file for."""

from importlib import import_module
from pathlib import Path

from click.testing import CliRunner

import cli
from cli.main import COMMANDS, main


def test_a_command_that_was_never_listed_is_found() -> None:
    """`ntf twins` stood in the documents and had its file, and the group did not know it."""
    files = Path(cli.__file__).parent.glob("[a-z]*.py")
    modules = [f"cli.{file.stem}" for file in files if file.stem != "main"]
    with_command = {name for name in modules if hasattr(import_module(name), "command")}
    assert with_command == set(COMMANDS.values())


def test_help_names_them_all() -> None:
    shown = CliRunner().invoke(main, ["--help"])
    assert shown.exit_code == 0
    assert all(f"  {name} " in shown.output for name in COMMANDS)
