"""Writes cn.csv from the State Council's yearly notices, as short as they put it: name, first day off, last day off, make-up days.

    python3 make.py > cn.csv        # and compare: python3 make.py --check   (needs the package chinesecalendar)
"""
import sys
from datetime import date, timedelta

# The days off of a notice are written as it says them, weekends inside included.
NOTICES = {
    2019: "元旦 1-1 1-1; 春节 2-4 2-10 2-2 2-3; 清明节 4-5 4-7; 劳动节 5-1 5-4 4-28 5-5; 端午节 6-7 6-9; 中秋节 9-13 9-15; "
          "国庆节 10-1 10-7 9-29 10-12",
    2020: "元旦 1-1 1-1; 春节 1-24 2-2 1-19; 清明节 4-4 4-6; 劳动节 5-1 5-5 4-26 5-9; 端午节 6-25 6-27 6-28; "
          "国庆节、中秋节 10-1 10-8 9-27 10-10",
    2021: "元旦 1-1 1-3; 春节 2-11 2-17 2-7 2-20; 清明节 4-3 4-5; 劳动节 5-1 5-5 4-25 5-8; 端午节 6-12 6-14; 中秋节 9-19 9-21 9-18; "
          "国庆节 10-1 10-7 9-26 10-9",
    2022: "元旦 1-1 1-3; 春节 1-31 2-6 1-29 1-30; 清明节 4-3 4-5 4-2; 劳动节 4-30 5-4 4-24 5-7; 端午节 6-3 6-5; 中秋节 9-10 9-12; "
          "国庆节 10-1 10-7 10-8 10-9; 元旦 12-31 12-31",
    2023: "元旦 1-1 1-2; 春节 1-21 1-27 1-28 1-29; 清明节 4-5 4-5; 劳动节 4-29 5-3 4-23 5-6; 端午节 6-22 6-24 6-25; "
          "中秋节、国庆节 9-29 10-6 10-7 10-8",
    2024: "元旦 1-1 1-1; 春节 2-10 2-17 2-4 2-18; 清明节 4-4 4-6 4-7; 劳动节 5-1 5-5 4-28 5-11; 端午节 6-10 6-10; 中秋节 9-15 9-17 9-14; "
          "国庆节 10-1 10-7 9-29 10-12",
    2025: "元旦 1-1 1-1; 春节 1-28 2-4 1-26 2-8; 清明节 4-4 4-6; 劳动节 5-1 5-5 4-27; 端午节 5-31 6-2; "
          "国庆节、中秋节 10-1 10-8 9-28 10-11",
    2026: "元旦 1-1 1-3 1-4; 春节 2-15 2-23 2-14 2-28; 清明节 4-4 4-6; 劳动节 5-1 5-5 5-9; 端午节 6-19 6-21; 中秋节 9-25 9-27; "
          "国庆节 10-1 10-7 9-20 10-10",
}


def rows():
    out = []
    for year, text in NOTICES.items():
        day = lambda t: date(year, *map(int, t.split("-")))
        for item in text.split(";"):
            name, first, last, *work = item.split()
            d = day(first)
            while d <= day(last):
                out.append((d, "off", name))
                d += timedelta(1)
            out += [(day(w), "work", name) for w in work]
    return sorted(out)


if "--check" in sys.argv:
    import chinese_calendar

    kinds = {d: kind for d, kind, _ in rows()}
    d, wrong = date(min(NOTICES), 1, 1), 0
    while d.year <= max(NOTICES):
        ours = kinds[d] == "work" if d in kinds else d.weekday() < 5
        if ours != chinese_calendar.is_workday(d):
            print(d, "ours", ours)
            wrong += 1
        d += timedelta(1)
    sys.exit(f"{wrong} days differ" if wrong else None)

print(f"# name: cn-{max(NOTICES)}")
print(f"# years: {min(NOTICES)}-{max(NOTICES)}")
print("day,kind,name")
for d, kind, name in rows():
    print(f"{d},{kind},{name}")
