#!/usr/bin/env python3
"""A million timers of rules on devices: set, rung after an outage, and rung in time.

    timers.py XIEZHI FOLDER DEVICES

Devices are copied in the database of a demo (adding a million over its pages is not what is measured); the program sets their
timers, rings those that fell due while it was down, and then some thousand a second. Prints one line of JSON.
"""

import json
import signal
import sqlite3
import subprocess
import sys
import time

XIEZHI, FOLDER, DEVICES = sys.argv[1], sys.argv[2], int(sys.argv[3])
# Timers a second of the last part, and for how many seconds.
PACE, LONG = 2_000, 60


def base(mode="rw"):
    return sqlite3.connect(f"file:{FOLDER}/xiezhi.db?mode={mode}", uri=True, timeout=60)


class Server:
    """The demo, until it is stopped."""

    def __init__(self):
        command = [XIEZHI, "demo", "--data", FOLDER, "--people", "60", "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line.startswith("MQTT"):
                return
        raise SystemExit("the demo did not start")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(120)


def until(sql, *parameters, gone):
    """Asks until it is so; gives the seconds."""
    begun = time.time()
    with base("ro") as reader:
        while not gone(reader.execute(sql, parameters).fetchone()[0]):
            time.sleep(0.2)
            if time.time() - begun > 1800:
                raise SystemExit(f"it never came: {sql}")
    return time.time() - begun


def copied(writer, table, change):
    """Copies the row of `demo-level` for each device, with some columns changed."""
    columns = [c[1] for c in writer.execute(f"pragma table_info({table})")]
    values = [change.get(c, f"r.{c}") for c in columns]
    rows = f"with recursive n(i) as (select 1 union all select i + 1 from n where i < {DEVICES})"
    where = {"device": "r.name = 'demo-level'", "stream": "r.name = 'level' and r.device = (select id from device where name = 'demo-level')"}
    writer.execute(f"{rows} insert into {table}({', '.join(columns)}) select {', '.join(values)} from n, {table} r where {where[table]}")


def main():
    Server().stop()
    with base() as writer:
        copied(writer, "device", {"id": "printf('tm-%07d', i)", "name": "printf('tm-%07d', i)"})
    now = lambda: int(time.time() * 1000)
    server = Server()
    set_in = until("select count(*) from watch where rule = 'silent' and device like 'tm-%'", gone=lambda n: n == DEVICES)
    server.stop()
    # Heard of a moment ago: what rings has nothing to say, and rings again later.
    with base() as writer:
        num = writer.execute("select max(num) from stream").fetchone()[0]
        id, device = "printf('tm-%07d/level', i)", "printf('tm-%07d', i)"
        copied(writer, "stream", {"id": id, "device": device, "num": f"{num} + i", "heard_at": str(now()), "last_t": str(now())})
        writer.execute("update watch set due_at = ? where device like 'tm-%' and rule = 'silent'", (now(),))
        limit = now()
    server = Server()
    late = "select count(*) from (select 1 from watch where due_at <= ? limit 1)"
    rung_in = until(late, limit, gone=lambda n: n == 0)
    server.stop()
    with base() as writer:
        begin = now() + 30_000
        writer.execute(
            "update watch set due_at = ? + cast(substr(device, 4) as integer) * 1000 / ? where device like 'tm-%' and rule = 'silent' "
            "and cast(substr(device, 4) as integer) <= ?",
            (begin, PACE, PACE * LONG),
        )
    server = Server()
    worst = 0
    with base("ro") as reader:
        while now() < begin + LONG * 1000:
            first = reader.execute("select min(due_at) from watch where device like 'tm-%'").fetchone()[0]
            worst = max(worst, now() - first)
            time.sleep(0.1)
    alarms = base("ro").execute("select count(*) from alarm where device like 'tm-%'").fetchone()[0]
    server.stop()
    print(json.dumps({
        "timers": DEVICES, "set_per_second": round(DEVICES / set_in), "rung_per_second": round(DEVICES / rung_in),
        "pace": PACE, "latest_ms": max(worst, 0), "alarms": alarms,
    }))


main()
