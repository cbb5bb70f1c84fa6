"""Finds services in the directory: python3 find.py [word]. Everybody may, with a key or without."""
import json
import os
import sys
from urllib.parse import urlencode
from urllib.request import Request, urlopen

NODE = os.environ.get("XIEZHI", "http://127.0.0.1:8080")

word = sys.argv[1] if len(sys.argv) > 1 else "食堂"
ask = Request(f"{NODE}/services?{urlencode({'q': word})}", headers={"Accept": "application/json"})
with urlopen(ask, timeout=30) as answer:
    found = json.load(answer)
for service in found["items"][:5]:
    print(service["name"])
