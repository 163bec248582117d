"""The `ntf` command. Each subcommand lives in its own file and is imported when it is asked for."""

from importlib import import_module

import click

# In the order of the help text: what a stranger needs first.
COMMANDS = {
    "check": "cli.check",
    "bulk": "cli.bulk",
    "run": "cli.run",
    "migrate": "cli.migrate",
    "admin": "cli.admin",
    "dead-letters": "cli.dead_letters",
    "recheck": "cli.recheck",
    "retrain": "cli.retrain",
    "labels": "cli.labels",
    "promote": "cli.promote",
    "rollback": "cli.rollback",
    "manifest": "cli.manifest",
    "audit": "cli.audit",
    "twins": "cli.twins",
    "train": "cli.train",
    "export": "cli.export",
    "features": "cli.features",
    "evaluate": "cli.evaluate",
    "sources": "cli.sources",
}


class LazyGroup(click.Group):
    """A group that imports a subcommand's module only when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names, in the order that they are listed in."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, if there is one."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = import_module(module).command
        return command


@click.group(cls=LazyGroup)
@click.version_option(package_name="natural-trace-forensics", prog_name="ntf")
def main() -> None:
    """Tell AI-made images from photographs by their distance to the natural traces."""
