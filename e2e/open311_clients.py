#!/usr/bin/env python3
"""Clients that others wrote, on the Open311 endpoint of a demo: PyPI `three` (JSON), and a strict reader of XML.

Starts `xiezhi demo` (XIEZHI_BIN, else target/debug/xiezhi) and plays a story: discover, list, file, poll, update.
Needs the packages of clients-requirements.txt; `bin/test` puts them into an environment of its own.
"""

import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ET
from datetime import datetime, timedelta, timezone
from pathlib import Path

# `three` 0.8.0 was written for Python 2.
itertools.ifilter = filter
from three import Three  # noqa: E402

HERE = Path(__file__).resolve().parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", HERE.parent / "target"))
BIN = os.environ.get("XIEZHI_BIN", str(TARGET / "debug" / "xiezhi"))
ID = re.compile(r"^[A-Za-z0-9_-]+$")
DATE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$")
FIELDS = (
    "service_request_id status status_notes service_name service_code description agency_responsible service_notice "
    "requested_datetime updated_datetime expected_datetime address address_id zipcode lat long media_url"
).split()


def start(data):
    """The demo: address, accounts by role, key."""
    server = subprocess.Popen([BIN, "demo", "--data", data, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    url, key, accounts = None, None, {}
    for line in server.stdout:
        word, _, rest = line.strip().partition(" ")
        if word == "listening":
            url = rest
        elif word == "account":
            role, name, password = rest.split(" ")
            accounts[role] = (name, password)
        elif line.startswith("Open311 key: "):
            key = line.split(": ")[1].strip()
            return server, url, accounts, key
    raise SystemExit("the demo printed no Open311 key")


def call(url, fields=None, headers=None):
    """Status, media type, body; a POST when there are fields."""
    body = None if fields is None else urllib.parse.urlencode(fields).encode()
    request = urllib.request.Request(url, body, headers or {})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers["content-type"], answer.read()
    except urllib.error.HTTPError as e:
        return e.code, e.headers["content-type"], e.read()


def strict(answer, root):
    """Reads XML as the strictest client in use does."""
    status, kind, body = answer
    assert kind == "text/xml; charset=utf-8", kind
    assert body.startswith(b'<?xml version="1.0" encoding="utf-8"?>'), body[:60]
    tree = ET.fromstring(body)
    assert tree.tag == root, (tree.tag, root)
    for node in tree.iter():
        assert not node.attrib and "}" not in node.tag, node.tag
        if len(node):
            assert not (node.text or "").strip() and all(not (c.tail or "").strip() for c in node), node.tag
        else:
            assert (node.text or "") == (node.text or "").strip(), node.tag
    return status, tree


def program(base, accounts, role):
    """Calls as somebody who is signed in."""
    name, password = accounts[role]

    def run(path, data=None, token=None):
        headers = {"accept": "application/json", "content-type": "application/json"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        body = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(base + path, body, headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    token = run("/sign-in", {"name": name, "password": password})["token"]
    return lambda path, data=None: run(path, data, token)


def with_three(base, key):
    """Everything that `three` can do."""
    endpoint = f"{base}/open311/v2/"
    client = Three(endpoint, api_key=key)
    discovery = client.discovery()
    assert discovery["endpoints"][0]["url"] == endpoint.rstrip("/"), discovery
    assert Three(endpoint, discovery=f"{base}/open311/discovery.json").discovery() == discovery
    services = client.services()
    assert services and all(ID.match(s["service_code"]) for s in services)
    asking = next(s for s in services if s["metadata"])
    definition = client.services(asking["service_code"])
    assert definition["service_code"] == asking["service_code"] and definition["attributes"]
    many = client.requests(count=7)
    assert len(many) == 7, len(many)
    assert client.requests(service_code=many[0]["service_code"], status="open") is not None
    assert isinstance(client.requests(start="01-01-2026", end="02-01-2026"), list)
    made = client.post("road", address="演示路 1 号", name="张 三", phone="13800000000", description="路面有个坑")
    number = made[0]["service_request_id"]
    assert ID.match(number) and "token" not in made[0]
    one = client.request(number)[0]
    assert one["description"] == "路面有个坑" and one["status"] == "open", one
    with open(HERE.parent / "crates/xiezhi/tests/it/lamp.png", "rb") as photo:
        made = client.post("lighting", address="演示路 2 号", description="灯不亮", media=photo)
    assert ID.match(made[0]["service_request_id"]), made
    refused = Three(endpoint).post("road", address="x")
    assert refused[0]["code"] == 403 and refused[0]["description"], refused
    assert client.post("no-such", address="x")[0]["code"] == 404
    assert client.request("999999-0001")[0]["code"] == 404
    assert client.token("no-such")[0]["code"] == 404
    return number


def with_strict_xml(base, key, number):
    """Reads everything as XML."""
    v2 = f"{base}/open311/v2"
    for place in (f"{base}/open311", v2):
        assert strict(call(f"{place}/discovery.xml"), "discovery")[0] == 200
    _, services = strict(call(f"{v2}/services.xml"), "services")
    for service in services:
        assert service.findtext("metadata") in ("true", "false") and ID.match(service.findtext("service_code"))
        if service.findtext("metadata") == "true":
            _, d = strict(call(f"{v2}/services/{service.findtext('service_code')}.xml"), "service_definition")
            orders = [int(a.findtext("order")) for a in d.find("attributes")]
            assert orders == sorted(set(orders)) and min(orders) >= 1
    _, requests = strict(call(f"{v2}/requests.xml?page_size=200"), "service_requests")
    assert len(requests) > 100
    for request in requests:
        assert [c.tag for c in request] == FIELDS, [c.tag for c in request]
        for name in ("requested_datetime", "updated_datetime"):
            assert DATE.match(request.findtext(name)), request.findtext(name)
        assert request.findtext("status") in ("open", "closed") and ID.match(request.findtext("service_request_id"))
        for name in ("lat", "long"):
            text = request.findtext(name)
            assert not text or re.match(r"^-?\d+\.\d+$", text), text
    status, one = strict(call(f"{v2}/requests/{number}.xml"), "service_requests")
    assert status == 200 and len(one) == 1
    fields = {"api_key": key, "service_code": "rubbish", "address_string": "演示路 3 号", "description": "垃圾没人收 & <满>了"}
    status, made = strict(call(f"{v2}/requests.xml", fields), "service_requests")
    assert status in (200, 201) and ID.match(made.findtext("request/service_request_id"))
    for path, fields, wanted in (
        ("requests/999999-0001.xml", None, 404),
        ("nowhere.xml", None, 404),
        ("requests.xml?start_date=x", None, 400),
        ("requests.xml", {"api_key": "x"}, 403),
        ("services.xml", {"a": "b"}, 405),
    ):
        status, errors = strict(call(f"{v2}/{path}", fields), "errors")
        assert status == wanted and all(e.findtext("code") and e.findtext("description") for e in errors), path
    status, kind, body = call(f"{v2}/bulk.csv?page_size=5")
    assert status == 200 and body.split(b"\r\n")[0].count(b",") == 13, body[:200]


def with_updates(base, accounts, key):
    """A department works on a case from its own system, and the filer hears of it."""
    v2 = f"{base}/open311/v2"
    admin, clerk = program(base, accounts, "system_admin"), program(base, accounts, "committee")
    place = clerk("/me")["roles"][0]["area"]
    made = clerk("/reports", {"text": "路灯不亮", "class": "lighting", "place": {"area": place}})
    number = made["number"]
    parties = clerk(f"/cases/{number}/accept", {})["parties"]
    department = next(p for p in parties if p["kind"] == "department")
    clerk(f"/cases/{number}/dispatch", {"to": department["id"]})
    theirs = admin("/admin/open311/keys", {"name": "部门系统", "purpose": "办理", "body": department["id"]})["key"]

    def tell(update, status, text):
        fields = {
            "api_key": theirs,
            "service_request_id": number,
            "update_id": update,
            "status": status,
            "updated_datetime": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "description": text,
        }
        status, tree = strict(call(f"{v2}/servicerequestupdates.xml", fields), "service_request_updates")
        assert status in (200, 201), ET.tostring(tree)
        return tree.findtext("request_update/update_id")

    first = tell("u-1", "IN_PROGRESS", "已派人")
    assert tell("u-1", "IN_PROGRESS", "已派人") == first
    before = call(f"{v2}/requests/{number}.json")[2]
    time.sleep(1.1)
    tell("u-2", "Fixed", "修好了")
    after = call(f"{v2}/requests/{number}.json")[2]
    before, after = json.loads(before)[0], json.loads(after)[0]
    assert after["updated_datetime"] > before["updated_datetime"] and after["status"] == "open", (before, after)
    now = datetime.now(timezone.utc)
    window = {"start_date": (now - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
              "end_date": (now + timedelta(seconds=2)).strftime("%Y-%m-%dT%H:%M:%SZ"), "api_key": key}
    status, tree = strict(call(f"{v2}/servicerequestupdates.xml?{urllib.parse.urlencode(window)}"), "service_request_updates")
    mine = [u for u in tree if u.findtext("service_request_id") == number]
    assert [u.findtext("status") for u in mine] == ["FOR_TRIAGE", "IN_PROGRESS", "IN_PROGRESS", "INVESTIGATING"], ET.tostring(tree)
    assert all(u.find("media_url") is not None and DATE.match(u.findtext("updated_datetime")) for u in mine)


def main():
    with tempfile.TemporaryDirectory(prefix="xiezhi-open311-") as data:
        server, base, accounts, key = start(data)
        try:
            number = with_three(base, key)
            with_strict_xml(base, key, number)
            with_updates(base, accounts, key)
        finally:
            server.terminate()
            server.wait(timeout=20)
    print("Open311: three 0.8.0 and a strict XML client discovered, listed, filed, polled and updated")


if __name__ == "__main__":
    sys.exit(main())
