#!/usr/bin/env python3
"""Clients that others wrote, on the MQTT endpoint of a demo: PyPI `paho-mqtt` in both versions, and `mosquitto_pub`.

Starts `xiezhi demo` (XIEZHI_BIN, else target/debug/xiezhi): a device publishes and what it said is there; whoever is nobody is
not let in; the program is killed in the middle, and nothing that was confirmed is missing afterwards, nor there twice, and of
the alarm that it raised again and again there is one.
"""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import paho.mqtt.client as mqtt

HERE = Path(__file__).resolve().parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", HERE.parent / "target"))
BIN = os.environ.get("XIEZHI_BIN", str(TARGET / "debug" / "xiezhi"))
DEVICE, STREAM = "demo-air", "pm25"
VERSIONS = {"3.1.1": mqtt.MQTTv311, "5": mqtt.MQTTv5}


class Demo:
    """The demo: where devices and people come in, and a device's password."""

    def __init__(self, data, address="127.0.0.1:0"):
        command = [BIN, "demo", "--data", data, "--listen", "127.0.0.1:0", "--mqtt", address]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.accounts = {}
        for line in self.process.stdout:
            word, *rest = line.split()
            if word == "listening":
                self.url = rest[0]
            elif word == "account":
                self.accounts[rest[0]] = rest[1:]
            elif word == "MQTT":
                self.address, self.device, self.password = rest
                self.host, port = self.address.rsplit(":", 1)
                self.port = int(port)
                return
        raise SystemExit("the demo printed no address for devices")

    def ask(self, path, body=None, token=None):
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data, headers), timeout=20) as answer:
            return json.load(answer)

    def desk(self):
        name, password = self.accounts["committee"]
        return self.ask("/sign-in", {"name": name, "password": password})["token"]

    def readings(self):
        streams = self.ask(f"/devices/{DEVICE}", token=self.desk())["streams"]
        return [r["n"] for s in streams if s["id"] == STREAM for r in s["readings"]]


class Device:
    """One connection of a device, with what it was told about each message."""

    def __init__(self, demo, version, password=None):
        self.codes, self.let_in = {}, None
        self.event = threading.Event()
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="clients", protocol=VERSIONS[version])
        self.client.username_pw_set(demo.device, password or demo.password)
        self.client.on_connect = self.connected
        self.client.on_publish = self.published
        self.client.connect(demo.host, demo.port, keepalive=30)
        self.client.loop_start()
        assert self.event.wait(20), "no answer to CONNECT"

    def connected(self, _client, _data, _flags, code, _properties):
        self.let_in = not code.is_failure
        self.event.set()

    def published(self, _client, _data, mid, code, _properties):
        self.codes[mid] = getattr(code, "value", 0)

    def say(self, topic, value):
        info = self.client.publish(topic, json.dumps(value), qos=1)
        info.wait_for_publish(20)
        return self.codes.get(info.mid)

    def end(self):
        self.client.loop_stop()
        self.client.disconnect()


def both_versions(demo):
    for n, version in enumerate(VERSIONS):
        device = Device(demo, version)
        assert device.let_in, version
        assert device.say(f"obs/{DEVICE}/{STREAM}", {"v": 901.5 + n, "seq": n}) == 0
        assert 901.5 + n in demo.readings(), f"{version}: confirmed, and not there"
        device.end()
        nobody = Device(demo, version, "wrong")
        assert nobody.let_in is False, version
        nobody.end()
    device = Device(demo, "5")
    assert device.say("obs/demo-level/level", {"v": 1}) == 0x87
    assert device.say(f"obs/{DEVICE}/{STREAM}", {"v": "dust"}) == 0x99
    device.end()


def mosquitto(demo):
    if not shutil.which("mosquitto_pub"):
        print("mosquitto_pub: SKIPPED, it is not here")
        return
    for n, version in enumerate(("mqttv311", "mqttv5")):
        said = json.dumps({"v": 911.5 + n, "seq": 50 + n})
        command = ["mosquitto_pub", "-h", demo.host, "-p", str(demo.port), "-u", demo.device, "-P", demo.password]
        command += ["-V", version, "-q", "1", "-t", f"obs/{DEVICE}/{STREAM}", "-m", said]
        subprocess.run(command, check=True, timeout=20)
        assert 911.5 + n in demo.readings(), version


def ruled(demo):
    """A rule that what the device says raises and clears."""
    token = demo.desk()
    area = demo.ask("/alarms", token=token)["area"]
    rule = {"area": area, "kind": "air", "title": "dust", "class": "other", "of": STREAM, "test": "above", "n": "400", "severity": 3}
    made = demo.ask("/alarms/rules", rule, token=token)
    demo.ask(f"/alarms/rules/{made['id']}/switch", {"area": area, "on": True}, token=token)
    return made["id"]


def killed(demo, data):
    """Kills it while a device speaks; gives how many messages were confirmed."""
    rule = ruled(demo)
    device, confirmed, began = Device(demo, "3.1.1"), {}, int(time.time() * 1000)
    times = {}
    device.client.on_publish = lambda _c, _d, mid, _code, _p: confirmed.setdefault(mid, True)
    threading.Timer(0.7, lambda: demo.process.send_signal(signal.SIGKILL)).start()
    for n in range(20_000):
        if demo.process.poll() is not None:
            break
        t = began - 1_000_000 + n
        times[device.client.publish(f"obs/{DEVICE}/{STREAM}", json.dumps({"t": t, "v": 500 - n // 50 % 2 * 490, "seq": n}), qos=1).mid] = t
        if n % 200 == 0:
            time.sleep(0.01)
    demo.process.wait(20)
    time.sleep(0.5)
    device.client.loop_stop()
    again = Demo(data)
    told = {times[mid] for mid in confirmed if mid in times}
    # What was confirmed is on the disk; the same said again after the restart is there once.
    device = Device(again, "3.1.1")
    for t in sorted(told)[-20:]:
        device.say(f"obs/{DEVICE}/{STREAM}", {"t": t, "v": 500})
    device.end()
    again.process.terminate()
    again.process.wait(30)
    with sqlite3.connect(f"file:{data}/xiezhi.db?mode=ro", uri=True) as base:
        there = [t for (t,) in base.execute("select t from observation where n in (500, 10)")]
        alarms = base.execute("select count(*), count(distinct case_number) from alarm where rule = ?", (rule,)).fetchone()
        calls = base.execute("select count(*), count(distinct person) from alarm_told where alarm in (select id from alarm where rule = ?)", (rule,))
        calls = calls.fetchone()
    missing = told - set(there)
    assert not missing, f"{len(missing)} of {len(told)} confirmed messages are missing"
    assert len(there) == len(set(there)), "the same reading stands twice"
    assert alarms == (1, 1), f"{alarms[0]} alarms and {alarms[1]} cases of one rule and device"
    assert calls[0] == calls[1] > 0, f"{calls[0]} calls for {calls[1]} people"
    assert told, "nothing was confirmed before the end"
    return len(told)


def main():
    with tempfile.TemporaryDirectory() as data:
        demo = Demo(data)
        try:
            both_versions(demo)
            mosquitto(demo)
            print(f"killed in the middle: {killed(demo, data)} messages were confirmed, none is missing")
        finally:
            demo.process.kill()
    print("clients on MQTT: all well")


if __name__ == "__main__":
    sys.exit(main())
