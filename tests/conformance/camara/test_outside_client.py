"""The face keeps to the public definitions under made-up requests: schemathesis, which we did not write, sends them over HTTP.

Not among its checks is that whatever fits a schema is accepted: a request that names nobody fits, and is refused by the text.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.conformance.camara.definitions import SERVED
from tests.conformance.camara.features import VARIABLE, scenarios
from tests.conformance.camara.network import NUMBER, Provider

from lintas.interop.camara.scopes import SCOPES

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "ignored_auth",
)
SEED, EXAMPLES = 20260301, 20
PATHS = {
    "device-roaming-status": "/device-roaming-status/v1",
    "sim-swap": "/sim-swap/v2",
    "number-recycling": "/number-recycling/v0.2",
}
FILES = {each.api: each.definition for each in scenarios() if not each.skipped}


@pytest.mark.skipif(not FILES, reason=f"{VARIABLE} is not set")
@pytest.mark.parametrize("api", SERVED)
def test_answers_are_as_the_definition_says(api: str, tmp_path: Path) -> None:
    with Provider(tmp_path).serving() as provider:
        token = provider.faces["full"].tokens.issue(
            provider.client, SCOPES, "FraudPreventionAndDetection", number=NUMBER
        )
        made = subprocess.run(
            [
                sys.executable,
                "-m",
                "schemathesis.cli",
                "run",
                str(FILES[api]),
                f"--url={provider.urls['full']}{PATHS[api]}",
                f"--header=Authorization: Bearer {token}",
                f"--checks={','.join(CHECKS)}",
                f"--seed={SEED}",
                f"--max-examples={EXAMPLES}",
                "--phases=examples,coverage,fuzzing",
                "--no-shrink",
                "--generation-database=none",
                "--no-color",
                "--warnings=off",
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert made.returncode == 0, made.stdout[-10_000:] + made.stderr[-2_000:]
    assert "generated" in made.stdout
