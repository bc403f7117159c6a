"""`lintas trace`: index a holder's transfers, and follow money through them."""

from pathlib import Path

import click

from lintas.cli.trail import explain, restitution, run
from lintas.model.errors import BadInput

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def trace() -> None:
    """Follow money through a holder's own transfers, by stated rules, to the minor unit."""


@trace.command()
@click.option("--transfers", "files", type=_FILE, required=True, multiple=True, help="CSV, Parquet, XML or JSON Lines.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Directory of the index.")
@click.option("--bank", default="", help="This holder's own bank code: sides that name it are its accounts.")
@click.option("--currency", default="", help="Currency of a layout that names none (AMLSim); a chain's own asset.")
@click.option("--labels", "label_files", type=_FILE, multiple=True, help="Chains: whose addresses are (CSV, tagpack).")
@click.option("--replace", is_flag=True, help="Build anew over an index to which rows were appended since.")
def index(
    files: tuple[Path, ...], out: Path, bank: str, currency: str, label_files: tuple[Path, ...], replace: bool
) -> None:
    """Index transfers: our own columns as CSV or Parquet, ISO 20022 messages, AMLSim, bitcoin-etl or ethereum-etl.

    Our own columns: time,sender,receiver,amount_minor,currency; also id, credited_minor and others. Opening balances are
    read from opening_balances.csv (account,amount_minor) beside the first file, if it is there.
    """
    from lintas.trace.engine.files import save
    from lintas.trace.engine.journal import JOURNAL
    from lintas.trace.engine.lines import build
    from lintas.trace.ledgers.readers.labels import read_holders
    from lintas.trace.ledgers.transfers import OPENINGS, Told, read_ledger

    if not replace and (out / JOURNAL).exists():
        what = "rows were appended to the index there, and building it anew would drop those that the files lack"
        raise BadInput(what, "give --replace if the files have them all, or another directory", where=str(out))
    holders, told = read_holders(label_files), Told()
    built = build(read_ledger(list(files), bank=bank, currency=currency, holders=holders, told=told))
    save(built, out)
    click.echo(f"{len(built):,} transfers on {built.line_count:,} account lines, snapshot {built.snapshot}, in {out}")
    if built.self_transfers:
        click.echo(f"{built.self_transfers:,} transfers from an account to itself move nothing and were left out")
    for what, count in sorted((+told).items()):
        click.echo(f"{count:,} {what}")
    if built.balances == "assumed":
        click.echo(f"no {OPENINGS} beside the transfers: the smallest balances that never go below zero are assumed")
    elif built.lifted:
        words = "given opening balances are smaller than what was paid out of them; the smallest sufficient are assumed"
        click.echo(f"{built.lifted:,} {words}")


@trace.command()
@click.option("--index", "directory", type=click.Path(path_type=Path), required=True, help="Directory of the index.")
@click.option("--transfers", "files", type=_FILE, multiple=True, help="New rows: CSV with ids, or pacs.008 (.xml).")
@click.option("--correct", is_flag=True, help="A row whose id is known replaces that transfer.")
@click.option("--withdraw", multiple=True, help="Id of a transfer to take out.")
@click.option("--bank", default="", help="This holder's own bank code.")
def append(directory: Path, files: tuple[Path, ...], correct: bool, withdraw: tuple[str, ...], bank: str) -> None:
    """Add new, late or corrected transfers to an index, all or none, without building it again.

    They are kept in a journal beside the index; `lintas trace index` over all files makes one sealed index of them again.
    """
    from lintas.trace.engine.files import load
    from lintas.trace.engine.journal import extend
    from lintas.trace.engine.live import Live
    from lintas.trace.engine.rows import Change, rows
    from lintas.trace.ledgers.transfers import read_ledger

    if not files and not withdraw:
        raise BadInput("there is nothing to add or to take out", "give --transfers or --withdraw")
    opened = load(directory)
    live = opened if isinstance(opened, Live) else Live(opened)
    changes = [Change(do="withdraw", reference=reference) for reference in withdraw]
    if files:
        added = read_ledger(list(files), bank=bank)
        if added.id_width:
            raise BadInput(
                "the rows have no ids", "add a column `id`: a row's number says nothing here", where=files[0].name
            )
        for row in rows(added):
            known = correct and live.knows(row.reference)
            changes.append(Change(do="correct" if known else "append", row=row))
    extend(live, changes, directory)
    click.echo(f"{len(changes):,} changes, {len(live):,} transfers, snapshot {live.snapshot}")


for question in (run, restitution, explain):
    trace.add_command(question)
