"""Files a report and follows it. Needs a key with the purpose `reports`."""
import json
import os
import uuid
from urllib.error import HTTPError
from urllib.request import Request, urlopen

NODE = os.environ.get("XIEZHI", "http://127.0.0.1:8080")


def call(path, body=None, **headers):
    """One call with the key: POST with a body, GET without."""
    data = None if body is None else json.dumps(body).encode()
    headers |= {"Authorization": f"Bearer {os.environ['XIEZHI_KEY']}", "Accept": "application/json"}
    if data:
        headers["Content-Type"] = "application/json"
    try:
        with urlopen(Request(NODE + path, data, headers), timeout=30) as answer:
            return json.load(answer)
    except HTTPError as error:
        # {code, message, field?}: the code is stable, the message is for people.
        raise SystemExit(f"{error.code} {error.read().decode()}") from error


# The same Idempotency-Key again gives the same answer: after a broken line nothing is reported twice.
made = call("/reports", {"text": "三号楼门口的路灯不亮"}, **{"Idempotency-Key": str(uuid.uuid4())})
print("number", made["number"])
print("state", call(f"/reports/{made['number']}?code={made['code']}")["state"])
