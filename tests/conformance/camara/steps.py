"""The step library: each shape of a step once, as a pattern, and what it does or checks; no scenario is known by its name."""

import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from tests.conformance.camara.definitions import example, fits, misfit
from tests.conformance.camara.network import MONITORED_DAYS, STRANGER
from tests.conformance.camara.trial import Trial, past

from lintas.interop.camara.answers import Country

Step = Callable[..., None]
COUNTRIES = {"Germany": Country(262, ("DE",))}
#: Patterns in the order in which they are tried, each with its step.
STEPS: list[tuple[re.Pattern[str], Step]] = []


def step(*patterns: str) -> Callable[[Step], Step]:
    """Enter a step under the patterns that stand for it."""

    def enter(function: Step) -> Step:
        STEPS.extend((re.compile(pattern), function) for pattern in patterns)
        return function

    return enter


def play(trial: Trial, text: str) -> None:
    """Do one step; LookupError for a shape that nobody taught."""
    for pattern, function in STEPS:
        if found := pattern.fullmatch(text.strip()):
            function(trial, *found.groups())
            return
    raise LookupError(f"no step for: {text}")


# --- what the request is --------------------------------------------------------------------------------------------------


@step(r"an environment at .*", r"that some types of device identifiers are not supported by the implementation")
@step(r"that the service is not available for all (?:devices|phone numbers) commercialized by the operator")
@step(r"the device is supported by the service, and may be roaming or not roaming")
def nothing_to_do(_trial: Trial) -> None:
    """Stand for what is so anyway."""


@step(r'the resource "(?:\{api-root\})?(/[^"]+)"(?: set as base-url)?')
def resource(trial: Trial, path: str) -> None:
    trial.path = path


@step(r'the header "(Content-Type)" is set to "([^"]*)"')
def header(trial: Trial, name: str, value: str) -> None:
    trial.headers[name.lower()] = value


@step(r'the header "(x-correlator)" complies with the schema at "([^"]+)"')
def correlator(trial: Trial, name: str, schema: str) -> None:
    trial.headers[name] = example(trial.definition.schema(schema), {})


@step(
    r"the request body is set (?:by default )?to a request body compliant with the schema(?: \"[^\"]+\")?",
    r"the request body is set to a valid request body",
)
@step(
    r"a valid (?:testing )?(?:device|phone number)(?: supported by the service)?,? "
    r"identified by the (?:access )?token or provided in the request body"
)
def body(trial: Trial) -> None:
    trial.fill_body()


@step(r"the request body is not included")
def no_body(trial: Trial) -> None:
    trial.body = None


@step(r'the request body is set to "(\{\})"')
def whole_body(trial: Trial, text: str) -> None:
    trial.body = json.loads(text)


@step(r'the request body is set to any value which is not compliant with the OAS schema at "([^"]+)"')
def broken_body(trial: Trial, schema: str) -> None:
    trial.body = misfit(trial.definition.schema(schema))


@step(r'the request body property "([^"]+)" is set to:? (\{\}|[0-9]+)')
@step(r'the request body is set to a valid parameter combination with property "([^"]+)" set to ("[^"]*")')
def set_property(trial: Trial, place: str, value: str) -> None:
    trial.put(place, json.loads(value))


@step(r'the request body property "([^"]+)" is not included')
def leave_out(trial: Trial, place: str) -> None:
    trial.drop(place)


@step(r'the request body property "([^"]+)" does not comply with the OAS schema at "([^"]+)"')
def misfitting(trial: Trial, place: str, schema: str) -> None:
    trial.put(place, misfit(trial.definition.schema(schema, place.rpartition(".")[2])))


@step(
    r'the request body property "(\$\.(?:phoneNumber|device))" is compliant with the schema,? but does not identify .*'
)
def unknown_number(trial: Trial, place: str) -> None:
    number = f"+{STRANGER}"
    trial.put(place, number if place.endswith("phoneNumber") else {"phoneNumber": number})


@step(r'the request body property "\$\.(?:phoneNumber|device)" is set to a valid (?:phone number|device).*')
def named_anyway(trial: Trial) -> None:
    trial.fill_body()


@step(r'the request body property "\$\.device" only includes device identifiers not supported by the implementation')
def unsupported_identifier(trial: Trial) -> None:
    kinds = trial.request_schema["properties"]["device"]["properties"]
    trial.put("$.device", {name: each["example"] for name, each in kinds.items() if name != "phoneNumber"})


# --- whose token ----------------------------------------------------------------------------------------------------------


@step(
    r'the header "Authorization" is set to a valid access(?: token)?'
    r"(?: which does not identify a single (?:device|phone number))?"
)
def valid_token(trial: Trial) -> None:
    trial.token = "valid"


@step(r'the header "Authorization" is set to a valid access token identifying a (?:device|phone number)')
def identifying_token(trial: Trial) -> None:
    trial.token = "identifying"


@step(r'the header "Authorization" is (?:removed|not sent)')
def no_token(trial: Trial) -> None:
    trial.token = ""


@step(r'(?:the )?header "Authorization" is set to an? (expired|malformed|invalid) (?:access )?token.*')
def bad_token(trial: Trial, how: str) -> None:
    trial.token = {"invalid": "unknown"}.get(how, how)


@step(
    r'(?:the )?header "Authorization" (?:is )?set to an access token (?:not including scope "[^"]+"|without the required scope)'
)
def unscoped_token(trial: Trial) -> None:
    trial.token = "unscoped"


# --- what the network knows -------------------------------------------------------------------------------------------------


@step(
    r"a valid (?:device|phone number), identified by the token or provided in the request body, "
    r"for which the service is not applicable"
)
def not_offered(trial: Trial) -> None:
    trial.fill_body()
    trial.operator.excluded = True


@step(r"the device which is in roaming inside (\w+) and supported by the service")
def abroad(trial: Trial, country: str) -> None:
    trial.operator.abroad = COUNTRIES[country]


@step(r"the device which is not in roaming and supported by the service")
def at_home(trial: Trial) -> None:
    trial.operator.abroad = None


@step(r"the SIM for this phone number has been swapped(?: in the last \"?([0-9]+)\"?(?: hours)?)?")
def swapped_within(trial: Trial, hours: str | None) -> None:
    trial.operator.sim = _ago(trial, timedelta(hours=int(hours or 24)) - timedelta(minutes=5))


@step(
    r'the (?:SIM for this phone number has been swapped|activation of the SIM occurred) more than "?([0-9]+)"? hours ago'
)
def swapped_before(trial: Trial, hours: str) -> None:
    trial.operator.sim = _ago(trial, timedelta(hours=int(hours), minutes=5))


@step(r"the SIM for this phone number has never been swapped")
def never_swapped(trial: Trial) -> None:
    trial.operator.sim = _ago(trial, timedelta(days=600))


@step(r"the phone number is not associated to any sim card")
def no_sim(trial: Trial) -> None:
    trial.operator.sim = None


@step(r"the SIM for this phone number has been swapped before the limited history window threshold")
def swapped_long_ago(trial: Trial) -> None:
    trial.face = "limited"
    trial.operator.sim = _ago(trial, timedelta(days=MONITORED_DAYS, minutes=5))


@step(
    r'the request body property "\$\.maxAge" is set to a valid value '
    r"above the supported monitored period of the API Provider"
)
def beyond_monitored(trial: Trial) -> None:
    trial.face = "limited"
    trial.put("$.maxAge", MONITORED_DAYS * 24 + 1)


@step(r'the "maxAge" request body property is set to a value equal or greater than "([0-9]+)" within .*')
def at_least(trial: Trial, hours: str) -> None:
    trial.put("$.maxAge", int(hours))


@step(r'the request body property "maxAge" is set to a value less than "([0-9]+)" within the allowed range')
def less_than(trial: Trial, hours: str) -> None:
    trial.put("$.maxAge", int(hours) - 1)


@step(r'the request body property "maxAge" is set to the number of hours since the last SIM swap minus 1')
def just_too_short(trial: Trial) -> None:
    trial.put("$.maxAge", trial.hours_since_swap() - 1)


@step(r'the last swap for this phone number\'s SIM was more than "maxAge" hours ago')
def longer_ago_than_asked(trial: Trial) -> None:
    assert trial.hours_since_swap() > trial.body["maxAge"]


@step(r"the same phone number was cancelled by the User A and is used by User B")
def recycled(trial: Trial) -> None:
    trial.operator.contracts.append(date(2024, 9, 21))


@step(
    r'the request body property "(\$\.specifiedDate)" is set to a date on which the (user|User A) signed contracts .*'
)
def signed_on(trial: Trial, place: str, who: str) -> None:
    trial.put(place, str(trial.operator.contracts[0 if who == "User A" else -1]))


@step(r'the request body property "([^"]+)" is set to a value in the future')
def in_the_future(trial: Trial, place: str) -> None:
    trial.put(place, str((trial.provider.clock.now() + timedelta(days=1)).date()))


@step(r"a network error prevents the device roaming status from being retrieved")
def network_error(trial: Trial) -> None:
    trial.operator.broken = True


def _ago(trial: Trial, time: timedelta) -> Any:  # noqa: ANN401 — a time
    return trial.provider.clock.now().replace(microsecond=0) - time


# --- how it was answered ----------------------------------------------------------------------------------------------------


@step(r'the (?:request "\w+"|HTTP "POST" request) is sent')
def send(trial: Trial) -> None:
    trial.sent = True


@step(r'the response (?:status )?code is "?([0-9]{3})"?')
def status(trial: Trial, code: str) -> None:
    assert trial.response.status_code == int(code), trial.response.text


@step(r'the response header "([^"]+)" is "([^"]+)"')
def response_header(trial: Trial, name: str, value: str) -> None:
    assert trial.response.headers[name] == value


@step(r'the response header "([^"]+)" has same value as the request header "([^"]+)"')
def echoed(trial: Trial, name: str, sent: str) -> None:
    assert trial.response.headers[name] == trial.headers[sent]


@step(r'the response body complies with the OAS schema at "([^"]+)"')
def complies(trial: Trial, schema: str) -> None:
    assert fits(trial.definition.schema(schema), trial.response.json()), trial.response.text


@step(
    r'the (?:value of )?response property "([^"]+)" contains a user[ -]friendly text(?: indicating a temporary network error)?'
)
def friendly(trial: Trial, place: str) -> None:
    words = str(trial.property(place)).split()
    assert len(words) >= 3, words


@step(r'the response property "([^"]+)" is present and has a valid date-time format for a time in the past')
@step(r'the response property "([^"]+)" contains a valid timestamp')
def time_in_the_past(trial: Trial, place: str) -> None:
    assert past(trial.property(place))


@step(r'the response property "([^"]+)" contains the sim\'s activation timestamp')
def activation(trial: Trial, place: str) -> None:
    assert trial.operator.sim is not None
    assert trial.property(place) == trial.operator.sim.isoformat().replace("+00:00", "Z")


@step(r'the response property "([^"]+)" is not present')
def not_there(trial: Trial, place: str) -> None:
    assert not trial.has(place)


@step(r'the response optionally contains the property "([^"]+)" with the value of monitored time frame \(in days\).*')
def monitored(trial: Trial, place: str) -> None:
    assert not trial.has(place) or trial.property(place) == MONITORED_DAYS


@step(r'the response property "([^"]+)" is a non-empty array containing the ISO 3166 ALPHA-2 country-code (\[.*\])')
def contains(trial: Trial, place: str, codes: str) -> None:
    assert set(json.loads(codes)) <= set(trial.property(place))


@step(
    r'the (?:value of )?response property "([^"]+)" (?:is|==|has the value) "?([^"]*?)"?'
    r"(?: as the Mobile Country Code \(MCC\) for \w+)?"
)
def equals(trial: Trial, place: str, expected: str) -> None:
    value = trial.property(place)
    assert (value if isinstance(value, str) else json.dumps(value)) == expected
