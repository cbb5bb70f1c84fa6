#!/usr/bin/env python3
"""Three nodes above one another, each a process of its own: what one takes in, and how long a report needs to the top.

    chain.py XIEZHI BENCH FOLDER [URL URL URL]

With three URLs the nodes lie in PostgreSQL. First the leaf works alone, then the one above it starts and takes in all that
waits (`taken_per_second`); then reports come in at the leaf while all three run: how many a second reach the top, and how long
after the commit at the leaf they are counted there. Prints one line of JSON.
"""

import json
import socket
import subprocess
import sys
import threading
import time
import urllib.request

XIEZHI, BENCH, FOLDER, URLS = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:7]
# Folder, area, name: the demo's divisions, from the sub-district to the city.
LEVELS = [("leaf", "321002002", "leaf"), ("middle", "321002", "middle"), ("top", "3210", "top")]
WAITING, LIVE = 25, 20


def place(level):
    n = [name for name, _, _ in LEVELS].index(level)
    return ["--data", f"{FOLDER}/{level}"] + (["--database-url", URLS[n]] if URLS else [])


def told(*args):
    return subprocess.run([XIEZHI, *args], check=True, capture_output=True, text=True).stdout.strip()


class Node:
    """A node that serves until it is stopped."""

    def __init__(self, level, port):
        command = [XIEZHI, "serve", *place(level), "--listen", f"127.0.0.1:{port}"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = f"http://127.0.0.1:{port}"
        if not self.process.stdout.readline().startswith("listening"):
            raise SystemExit(f"{level} did not start")

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


class Counted:
    """How many reports a node has counted, followed in its log from the outside: leaves are public to whoever has the database."""

    def __init__(self, level):
        self.level, self.seq, self.n = level, 0, 0
        if URLS:
            self.url = URLS[[name for name, _, _ in LEVELS].index(level)]
        else:
            import sqlite3

            self.base = sqlite3.connect(f"file:{FOLDER}/{level}/xiezhi.db?mode=ro", uri=True, timeout=60, check_same_thread=False)

    def rows(self):
        sql = f"select seq, leaf from log where seq >= {self.seq} and act in ('case.report', 'exchange.take') order by seq limit 20000"
        if URLS:
            out = subprocess.run(["psql", "-q", "-X", "-t", "-A", "-F", "\t", self.url, "-c", sql], check=True, capture_output=True, text=True).stdout
            return [(int(line.split("\t", 1)[0]), line.split("\t", 1)[1]) for line in out.splitlines() if line]
        return self.base.execute(sql).fetchall()

    def now(self):
        for seq, leaf in self.rows():
            leaf = json.loads(leaf)
            self.seq = seq + 1
            if leaf["act"] == "case.report":
                self.n += 1
            self.n += sum(d[3] for d in leaf.get("x_deltas", []) if d[2] == "received")
        return self.n


def free():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def intake(url, seconds, clients):
    out = subprocess.run([BENCH, "intake", "--url", url, "--clients", str(clients), "--seconds", str(seconds), "--warm-up", "1"],
                         check=True, capture_output=True, text=True).stdout
    return json.loads(out)


def main():
    ports = {name: free() for name, _, _ in LEVELS}
    for name, code, title in LEVELS:
        seeded = subprocess.Popen([XIEZHI, "demo", *place(name), "--people", "0", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True)
        next(line for line in seeded.stdout if line.startswith("API"))
        seeded.terminate()
        seeded.wait(60)
        told("exchange", "name", *place(name), code, title)
    for (below, code, title), (above, _, _) in zip(LEVELS, LEVELS[1:]):
        line = told("exchange", "invite", *place(above), "--url", f"http://127.0.0.1:{ports[above]}", code, title)
        told("exchange", "answer", *place(above), told("exchange", "accept", *place(below), line))
    # The leaf alone, while nobody above answers.
    leaf = Node("leaf", ports["leaf"])
    waiting = intake(leaf.url, WAITING, 128)
    counted = {name: Counted(name) for name, _, _ in LEVELS}
    goal = counted["leaf"].now()
    while (more := counted["leaf"].now()) > goal:
        goal = more
    begun_at = counted["middle"].now()
    middle = Node("middle", ports["middle"])
    begun = time.time()
    first = None
    while counted["middle"].now() < goal:
        first = first or (time.time() if counted["middle"].n > begun_at else None)
        if time.time() - begun > 600:
            raise SystemExit(f"{counted['middle'].n} of {goal} came")
        time.sleep(0.05)
    took = time.time() - (first or begun)
    top = Node("top", ports["top"])
    while counted["top"].now() < counted["middle"].now():
        time.sleep(0.1)
    # Live: what stands at the leaf at a moment, and when as much stands at the top.
    ahead, seen, over = [], [], threading.Event()

    def watch():
        while not over.is_set():
            ahead.append((time.time(), counted["leaf"].now()))
            seen.append((time.time(), counted["top"].now()))
            time.sleep(0.05)

    watcher = threading.Thread(target=watch)
    before = counted["leaf"].now()
    watcher.start()
    live = intake(leaf.url, LIVE, 12)
    time.sleep(5)
    over.set()
    watcher.join()
    after, arrived = counted["leaf"].now(), counted["top"].now()
    delays = []
    for at, n in ahead:
        reached = next((t for t, m in seen if m >= n and t >= at), None)
        delays.append((reached or time.time()) - at)
    delays.sort()
    for node in (leaf, middle, top):
        node.stop()
    print(json.dumps({
        "engine": "postgres" if URLS else "sqlite", "waited": goal - begun_at, "taken_per_second": round((goal - begun_at) / took),
        "alone_per_second": waiting["per_second"], "live_per_second": live["per_second"], "reports": after - before, "missing": after - arrived,
        "p50_s": round(delays[len(delays) // 2], 2), "p99_s": round(delays[int(len(delays) * 0.99)], 2), "most_s": round(delays[-1], 2),
    }))


main()
