"""Writes api/domain/rights/holidays.csv, or with --check holds it against the calendar that it came from.

The days are those of the PyPI package `holidays`, which follows the Holidays Act 2003 and the schedule of Te Kāhui o
Matariki Public Holiday Act 2022; that schedule ends in 2052, and so does the table.
"""
import pathlib
import sys

import holidays

TABLE = pathlib.Path(__file__).parents[2] / "api/domain/rights/holidays.csv"
YEARS = range(2026, 2053)


def rows():
    national = holidays.NZ(years=YEARS)
    yield from ((str(day), "", name) for day, name in national.items())
    for region in holidays.NZ.subdivisions:
        own = holidays.NZ(years=YEARS, subdiv=region)
        code = "south_canterbury" if " " in region else region.lower()
        yield from ((str(day), code, name) for day, name in own.items() if national.get(day) != name)


text = "day,region,name\n" + "".join(f"{','.join(row)}\n" for row in sorted(rows()))
if sys.argv[1:] == ["--check"]:
    sys.exit(None if TABLE.read_text() == text else "the table of holidays is not what the calendar says")
TABLE.write_text(text)
