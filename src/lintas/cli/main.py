"""The program `lintas`: names each command group and loads it only when asked for, and maps errors to exit codes once."""

import os
import sys
import traceback
from pathlib import Path

import click

from lintas import __version__
from lintas.cli.lazy import LazyGroup
from lintas.model.errors import LintasError

#: command -> (module, attribute, one line of help shown by ``lintas --help`` without loading the module)
COMMANDS = {
    "demo": ("lintas.cli.demo", "demo", "Play the main job between fictional jurisdictions."),
    "init": ("lintas.cli.node", "init", "Make a new node: keys, configuration, database."),
    "serve": ("lintas.cli.node", "serve", "Run a node."),
    "doctor": ("lintas.cli.node", "doctor", "Say whether a node is ready to run, and what to mend."),
    "db": ("lintas.cli.database", "db", "Upgrade, back up and restore the node's database."),
    "officer": ("lintas.cli.officer", "officer", "Add, list, renew and disable officers."),
    "session": ("lintas.cli.officer", "session", "See and end officers' sessions."),
    "key": ("lintas.cli.key", "key", "Issue, list and revoke the API keys of banks and programs."),
    "bank": ("lintas.cli.bank", "bank", "Run the agent beside a bank's core system."),
    "witness": ("lintas.cli.witness", "witness", "Run a witness that cosigns other authorities' ledgers."),
    "intake": ("lintas.cli.intake", "intake", "Read reports: find identifiers and their role."),
    "telco": ("lintas.cli.telco", "telco", "Answer what to do with a call: lists, checks, verdicts, gateways."),
    "trace": ("lintas.cli.trace", "trace", "Index transfers and follow money through them."),
    "iso20022": ("lintas.cli.iso20022", "iso20022", "Read, check and write payment messages."),
    "goaml": ("lintas.cli.goaml", "goaml", "Write and read reports for a financial intelligence unit."),
    "ledger": ("lintas.cli.ledger", "ledger", "Verify a ledger, or prove one entry."),
    "policy": ("lintas.cli.policy", "policy", "Explain and test an authority's release rules."),
    "peer": ("lintas.cli.peer", "peer", "Say how far peers are trusted: sever, quarantine, restore."),
    "reads": ("lintas.cli.reads", "reads", "Check who read what peers sent against the ledger."),
    "approval": ("lintas.cli.approval", "approval", "Issue, check and keep approvals of competent authorities."),
    "charter": ("lintas.cli.charter", "charter", "Write, endorse and check the signed list of members."),
}


@click.group(cls=LazyGroup, commands_table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lintas")
def lintas() -> None:
    """The cross-border desk against scam syndicates, run by each authority itself."""


def main() -> None:
    """Run the program: exit 0 done, 1 the answer is no or a check failed, 2 bad usage or bad input; never a traceback."""
    # Databases, holds and ledgers name people: nobody else on the machine reads what lintas writes.
    os.umask(0o077)
    try:
        answer = lintas(standalone_mode=False)
        # Without standalone mode click hands back the code given to `ctx.exit` instead of leaving with it.
        sys.exit(answer if isinstance(answer, int) else 0)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(2)
    except LintasError as wrong:
        click.echo(f"lintas: {wrong}", err=True)
        sys.exit(wrong.exit_code)
    except BrokenPipeError:
        # The reader (head, less) has left; there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as wrong:
        click.echo(f"lintas: {wrong.filename or 'input/output'}: {wrong.strerror or wrong}", err=True)
        sys.exit(2)
    # A fault of ours: the user gets one line to report, not our insides; LINTAS_DEBUG=1 shows them to a developer.
    except Exception as fault:
        if os.environ.get("LINTAS_DEBUG"):
            raise
        click.echo(f"lintas: a fault in lintas itself ({_place(fault)}); please report it with this line", err=True)
        sys.exit(1)


def _place(fault: Exception) -> str:
    """Name the kind of a fault and where in lintas it happened."""
    frames = [frame for frame in traceback.extract_tb(fault.__traceback__) if "lintas" in frame.filename]
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(fault).__name__}{where}"


if __name__ == "__main__":
    main()
