"""A call sent twice at the same moment to a served node, over TLS, is done once."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from tests.e2e.people import Answer, Running


def test_two_threads_that_send_one_report_file_one(running: Running) -> None:
    key, address = running.keys["hotline"], f"https://shop-{uuid.uuid4().hex}.example/pay"
    form = {"text": f"I paid somebody at {address}"}
    headers = {"Idempotency-Key": f'"{uuid.uuid4()}"'}
    running.client.get("/healthz")
    together = Barrier(2)

    def send(_number: int) -> Answer:
        together.wait()
        return running.ask("POST", "/api/v1/reports", key=key, json=form, headers=headers)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(send, range(2))
    assert (first.status, first.body) == (second.status, second.body) == (201, first.body)
    listed = running.ask("GET", "/api/v1/reports", key=key).document
    assert sum(address in [found["value"] for found in each["identifiers"]] for each in listed) == 1
    third = running.ask("POST", "/api/v1/reports", key=key, json=form | {"text": "Another."}, headers=headers)
    assert third.status == 422
    assert third.is_problem()
