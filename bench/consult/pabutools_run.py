"""pabutools_run.py FILE.pb METHOD…: what pabutools decides on one file and how long it takes, as one line of JSON.

Methods: greedy-cost greedy-cardinality cost cardinality add1 add1-overspend (these two by cost). Ties: cheaper, more votes, smaller id.
"""

import json
import os
import sys
import time

from pabutools.election import Cardinality_Sat, Cost_Sat, parse_pabulib, total_cost
from pabutools.fractions import frac
from pabutools.rules import greedy_utilitarian_welfare, method_of_equal_shares
from pabutools.tiebreaking import TieBreakingRule


def by_id(name):
    return (0, int(name), name) if name.isascii() and name.isdigit() else (1, 0, name)


def overspend(instance, profile, ties):
    """The winners before everybody having one unit more would spend too much. pabutools runs each step; it has this rule for steps of
    the whole budget only, and would go on for ever where all is bought."""
    budget, voters, before = instance.budget_limit, profile.num_ballots(), []
    wanted = {p for p in instance if p.cost > 0 and profile.approval_score(p) > 0}
    while True:
        now = method_of_equal_shares(instance, profile, sat_class=Cost_Sat, tie_breaking=ties)
        if total_cost(now) > budget:
            break
        before = now
        if wanted <= set(now):
            break
        instance.budget_limit += voters
    instance.budget_limit = budget
    return before


def main(path, methods):
    began = time.perf_counter()
    instance, profile = parse_pabulib(path)
    loaded = time.perf_counter() - began
    votes = {p: profile.approval_score(p) for p in instance}
    ties = TieBreakingRule(lambda instance, profile, p: (p.cost, -votes[p], by_id(p.name)))
    shares = lambda sat, **more: method_of_equal_shares(instance, profile, sat_class=sat, tie_breaking=ties, **more)
    greedy = lambda sat: greedy_utilitarian_welfare(instance, profile, sat_class=sat, tie_breaking=ties)
    known = {
        "greedy-cost": lambda: greedy(Cost_Sat),
        "greedy-cardinality": lambda: greedy(Cardinality_Sat),
        "cost": lambda: shares(Cost_Sat),
        "cardinality": lambda: shares(Cardinality_Sat),
        "add1": lambda: shares(Cost_Sat, voter_budget_increment=frac(1)),
        "add1-overspend": lambda: overspend(instance, profile, ties),
    }
    out = {"file": os.path.basename(path).removesuffix(".pb"), "voters": profile.num_ballots(), "projects": len(instance)}
    out |= {"load_s": round(loaded, 4), "winners": {}, "seconds": {}}
    for method in methods or known:
        began = time.perf_counter()
        winners = known[method]()
        out["seconds"][method] = round(time.perf_counter() - began, 4)
        out["winners"][method] = sorted((p.name for p in winners), key=by_id)
    print(json.dumps(out, ensure_ascii=False))


main(sys.argv[1], sys.argv[2:])
