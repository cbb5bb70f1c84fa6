"""red_dwarf.py VOTES.csv [ROUNDS]: red-dwarf's map of a conversation, as JSON: the groups and where everybody stands.

With ROUNDS only how long its pipeline takes, the median of so many runs without imports and reading. It does not take a
changed vote, so only the last one of each person and statement is handed over.
"""

import csv
import json
import statistics
import sys
import time

from reddwarf.implementations.base import run_pipeline


def read(path):
    last = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            key = (int(row["voter"]), int(row["statement"]))
            if key not in last or last[key][0] <= int(row["timestamp"]):
                last[key] = (int(row["timestamp"]), int(row["vote"]))
    return [
        {"participant_id": p, "statement_id": s, "vote": vote, "modified": at} for (p, s), (at, vote) in last.items()
    ]


def main(path, rounds=None):
    votes, took = read(path), []
    for _ in range(int(rounds or 1)):
        began = time.monotonic()
        people = run_pipeline(votes=votes, random_state=1).participants_df
        took.append((time.monotonic() - began) * 1000)
    if rounds is None:
        print(people.to_json(orient="index"))
    else:
        labels = people["cluster_id"].dropna()
        print(json.dumps({"map_ms": round(statistics.median(took), 1), "k": int(labels.nunique()), "on_map": len(labels)}))


main(*sys.argv[1:])
