#!/usr/bin/env python3
"""Makes cn-2023.csv.gz: the whole division tree in one list `code,name`, sorted by code.

Usage: make.py SOURCE_FOLDER [OUT]
SOURCE_FOLDER holds provinces.csv, cities.csv, areas.csv, streets.csv[.gz] and villages.csv[.gz] as published by
china-division 2.7.0. The level follows from the length of the code (2, 4, 6, 9, 12 digits), the parent from its prefix.
The same input gives the same bytes: no time stamp, no file name in the archive.
"""
import csv
import gzip
import io
import pathlib
import sys

LEVELS = {"provinces": 2, "cities": 4, "areas": 6, "streets": 9, "villages": 12}


def rows(folder, name):
    """Code and name of each row, from the plain or the packed file."""
    plain = folder / f"{name}.csv"
    source = plain.open(encoding="utf-8-sig", newline="") if plain.exists() else gzip.open(
        folder / f"{name}.csv.gz", "rt", encoding="utf-8-sig", newline="")
    with source:
        for row in csv.DictReader(source):
            yield row["code"].strip(), row["name"].strip()


def main():
    folder = pathlib.Path(sys.argv[1])
    out = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else pathlib.Path(__file__).with_name("cn-2023.csv.gz")
    areas = {}
    for name, length in LEVELS.items():
        for code, title in rows(folder, name):
            if len(code) != length or not code.isdigit() or not title or code in areas:
                sys.exit(f"{name}: {code} {title}: bad or repeated")
            areas[code] = title
    parents = {2: 0, 4: 2, 6: 4, 9: 6, 12: 9}
    for code in areas:
        parent = code[:parents[len(code)]]
        if parent and parent not in areas:
            sys.exit(f"{code}: no parent {parent}")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["code", "name"])
    writer.writerows(sorted(areas.items()))
    with out.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        packed.write(text.getvalue().encode())
    print(f"{out}: {len(areas)} areas, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
