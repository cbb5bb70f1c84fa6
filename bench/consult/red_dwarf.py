"""red_dwarf.py VOTES.csv [ROUNDS]: times red-dwarf's pipeline on a conversation, without imports and reading; prints JSON.

It does not take a changed vote, so only the last one of each person and statement is handed over.
"""

import csv
import json
import statistics
import sys
import time

from reddwarf.implementations.base import run_pipeline

last = {}
with open(sys.argv[1], newline="") as file:
    for row in csv.DictReader(file):
        key = (int(row["voter"]), int(row["statement"]))
        if key not in last or last[key][0] <= int(row["timestamp"]):
            last[key] = (int(row["timestamp"]), int(row["vote"]))
votes = [
    {"participant_id": p, "statement_id": s, "vote": vote, "modified": at} for (p, s), (at, vote) in last.items()
]
took = []
for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 3):
    began = time.monotonic()
    result = run_pipeline(votes=votes, random_state=1)
    took.append((time.monotonic() - began) * 1000)
labels = result.participants_df["cluster_id"].dropna()
print(json.dumps({"map_ms": round(statistics.median(took), 1), "k": int(labels.nunique()), "on_map": len(labels)}))
