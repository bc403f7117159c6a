"""One key and four calls: how a bank takes part, in Python's standard library alone.

    python four_calls.py https://127.0.0.1:8443 authority.pem authority.key

Replace ``locate`` and ``hold`` by your core system; docs/banks.md explains what they return.
"""

import json
import ssl
import sys
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent


def locate(question):
    """Where the money of a question is, by your ledger (an answer whose parts tile it)."""
    return json.loads((HERE / "answer.json").read_text("utf-8"))


def hold(order):
    """Hold at most what the order says, and return what you held."""
    return json.loads((HERE / "held.json").read_text("utf-8"))


def main(url, certificate, key_file):
    """Answer whatever waits, until an order was carried out."""
    trust = ssl.create_default_context(cafile=certificate)
    # The authority's own certificate is the only one that should answer: nobody else vouches for it.
    trust.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    key = Path(key_file).read_text("ascii").strip()

    def call(path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        request = urllib.request.Request(f"{url}/api/v1/bank/{path}", data, headers)
        with urllib.request.urlopen(request, context=trust, timeout=40) as answer:
            return answer.read().decode()

    while True:
        work = json.loads(call("work?wait=20"))  # 1: what waits
        for question in work["questions"]:
            call(f"traces/{question['id']}/answer", locate(question))  # 2: where the money is
            print("answered question", question["id"])
        for order in work["orders"]:
            print(call(f"orders/{order['id']}/letter"))  # 3: the order as a letter, for your files
            call(f"orders/{order['id']}/answer", hold(order))  # 4: what was held
            print("carried out order", order["id"])
        if work["orders"]:
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
