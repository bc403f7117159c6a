"""The CAMARA project's own scenarios, read from LINTAS_CAMARA_DIR and played over HTTP against a face with a real listener."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.camara.definitions import SERVED, Definition
from tests.conformance.camara.features import VARIABLE, Scenario, scenarios
from tests.conformance.camara.network import Provider
from tests.conformance.camara.steps import play
from tests.conformance.camara.trial import Trial

SCENARIOS = scenarios()
WITHOUT = f"{VARIABLE} is not set: it names a directory with the public definitions (docs/telco-camara.md)"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with Provider(tmp_path_factory.mktemp("operator")).serving() as provider:
        yield provider


@pytest.fixture(scope="module")
def definitions() -> dict[str, Definition]:
    files = {each.api: each.definition for each in SCENARIOS if not each.skipped}
    return {api: Definition(file) for api, file in files.items() if file is not None}


@pytest.mark.skipif(not SCENARIOS, reason=WITHOUT)
def test_the_directory_holds_the_versions_that_the_face_was_written_after(definitions: dict[str, Definition]) -> None:
    assert {api: each.version for api, each in definitions.items()} == SERVED, "check out r1.2, r3.3 and r2.2"


@pytest.mark.skipif(not SCENARIOS, reason=WITHOUT)
def test_the_page_counts_them_as_they_are() -> None:
    page = (Path(__file__).parents[3] / "docs" / "telco-camara.md").read_text("utf-8")
    for api, total in Counter(each.api for each in SCENARIOS).items():
        run = sum(not each.skipped for each in SCENARIOS if each.api == api)
        assert f"| `{api}` | {total} | {run} | {run} | {total - run} |" in page


@pytest.mark.skipif(not SCENARIOS, reason=WITHOUT)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: f"{each.api}:{each.name}")
def test_scenario(scenario: Scenario, provider: Provider, definitions: dict[str, Definition]) -> None:
    if scenario.skipped:
        pytest.skip(scenario.skipped)
    trial = Trial(provider, definitions[scenario.api])
    for _, text in scenario.steps:
        play(trial, text)
    assert trial.response.status_code
