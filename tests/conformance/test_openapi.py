"""The API keeps to its own OpenAPI document: schemathesis, which we did not write, calls a served node as three roles.

It runs as a program of its own, with a fixed seed and few examples of each operation: no server error, and every answer has
a status, a type and a body that the document names.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e.conftest import running as running
from tests.e2e.people import Running

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
SEED, EXAMPLES, SECONDS = 20260301, 2, 60


def operations(running: Running, role: str) -> list[str]:
    """Return the operations that let a role in, those open to everybody once; tests/e2e/test_who_may.py knows of the others.

    Signing in is left out: each try hashes a password, slow on purpose, and tests/e2e/test_people.py looks at it.
    """
    document = running.ask("GET", "/api/v1/openapi.json").document
    found = []
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            roles = told.get("description", "").removeprefix("Roles: ").removesuffix(".").split(", ")
            open_to_all = not told["security"] and role == "approver"
            if (role in roles or open_to_all) and (method, path) != ("post", "/api/v1/sessions"):
                found.append(told["operationId"])
    return found


@pytest.mark.parametrize("role", ["approver", "bank", "administrator"])
def test_answers_are_as_the_document_says(running: Running, tmp_path: Path, role: str) -> None:
    made = subprocess.run(
        [
            sys.executable,
            "-m",
            "schemathesis.cli",
            "run",
            f"{running.xa.api_url}/api/v1/openapi.json",
            f"--header=Authorization: Bearer {running.keys[role]}",
            f"--tls-verify={running.xa.home.key('tls.pem')}",
            f"--checks={','.join(CHECKS)}",
            f"--seed={SEED}",
            f"--max-examples={EXAMPLES}",
            "--phases=fuzzing",
            "--no-shrink",
            "--generation-database=none",
            "--continue-on-failure",
            *(f"--include-operation-id={each}" for each in operations(running, role)),
            "--no-color",
            "--warnings=off",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS * 3,
        check=False,
    )
    assert made.returncode == 0, made.stdout[-20_000:] + made.stderr[-5_000:]
    tested = re.search(r"Tested: (\d+)", made.stdout)
    assert tested
    assert int(tested[1]) == len(operations(running, role)) >= 10
