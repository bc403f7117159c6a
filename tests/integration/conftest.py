"""A town for each test, on SQLite and on PostgreSQL: two authorities on their own databases, copied from one migrated once."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.engines import Files, Fresh, Served, template
from tests.integration.house import House
from tests.integration.town import Town

ENGINES = ("sqlite", "postgresql")
#: Files that would double what the suite takes and ask a database little that others do not. ``LINTAS_BOTH_ENGINES=1`` plays
#: them on PostgreSQL too, as ``make soak`` does.
SQLITE_ALONE = {
    "test_bank_desk": "pages over what test_story, test_pages and test_undo store",
    "test_calls_abroad": "one entry of the ledger, which every test writes",
    "test_corrupt_answers": "judged before anything is stored",
    "test_corrupt_member": "judged before anything is stored",
    "test_corrupt_undoing": "judged before anything is stored",
    "test_corrupt_words": "judged before anything is stored",
    "test_follower": "a gateway's directory; test_lists stores the same",
    "test_four_eyes": "rules; test_four_eyes_doors stores the same",
    "test_ledger_page": "pages over the ledger, which every test writes",
    "test_monitoring": "what other members' ledgers showed, most of it over HTTP",
    "test_peers_page": "pages over what test_standing stores",
    "test_pulling": "the envelopes of test_delivery by another way",
    "test_reads_doors": "doors to what test_reads stores",
    "test_telco_desk": "pages over what test_redress and test_lists store",
    "test_senders_edges": "the tables of test_senders",
    "test_senders_doors": "doors to what test_senders stores",
    "test_stop_properties": "many examples over what test_story, test_undo and test_returns store",
    "test_undo_crossings": "the tables of test_undo in other orders",
}


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return template(tmp_path_factory.mktemp("template"))


def _fresh(request: pytest.FixtureRequest, folder: Path) -> Iterator[Fresh]:
    made: Files | Served
    if request.param == "sqlite":
        made = Files(folder, request.getfixturevalue("empty_database"))
    else:
        made = Served(request.getfixturevalue("postgresql"))
    yield made
    made.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Play each test on both engines, except those of the files that are left out."""
    left_out = metafunc.module.__name__.rpartition(".")[2] in SQLITE_ALONE and not os.environ.get("LINTAS_BOTH_ENGINES")
    chosen = any(mark.args[0] == "fresh" for mark in metafunc.definition.iter_markers("parametrize"))
    for name in {"fresh", "module_fresh"} & set(metafunc.fixturenames):
        if not chosen:
            metafunc.parametrize(name, ENGINES[:1] if left_out else ENGINES, indirect=True)


@pytest.fixture
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fresh]:
    """Give new databases, on one engine for a whole test."""
    yield from _fresh(request, tmp_path)


@pytest.fixture(scope="module")
def module_fresh(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fresh]:
    """Give new databases for a scene that the tests of one file share."""
    yield from _fresh(request, tmp_path_factory.mktemp("databases"))


@pytest.fixture
def town(tmp_path: Path, fresh: Fresh) -> Iterator[Town]:
    made = Town(tmp_path, fresh)
    yield made
    made.close()


@pytest.fixture
def house(fresh: Fresh) -> Iterator[House]:
    made = House(fresh("node"))
    yield made
    made.close()
