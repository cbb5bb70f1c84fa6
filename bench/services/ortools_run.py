# OR-Tools on the files of one town: ortools_run.py DIR [TIMES]; prints one line of JSON.
#
# SimpleMinCostFlow, places first and then the least cost, in two ways: `flow`, its own greatest flow at the least cost, and `empty`, an arc
# for every empty place that costs more than all else. Whichever is quicker counts. Arcs are given as arrays, which is its quickest way.
import csv, json, sys, time

import numpy
from ortools.graph.python import min_cost_flow

folder, times = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1


def table(name):
    with open(f"{folder}/{name}.csv") as file:
        rows = list(csv.reader(file))[1:]
    return numpy.array([[int(cell.lstrip("tp")) for cell in row] for row in rows], dtype=numpy.int64)


people, tasks, edges = table("people"), table("tasks"), table("edges")
n, m = len(tasks), len(people)
sink, places = n + m, int(tasks[:, 1].sum())
nodes = numpy.arange(n + m)
empty = int(edges[:, 2].max() - min(0, edges[:, 2].min()) + 1) * min(n, m)


def run(way):
    began = time.process_time()
    net = min_cost_flow.SimpleMinCostFlow()
    pairs = net.add_arcs_with_capacity_and_unit_cost(edges[:, 0], n + edges[:, 1], numpy.ones(len(edges), dtype=numpy.int64), edges[:, 2])
    net.add_arcs_with_capacity_and_unit_cost(nodes[n:], numpy.full(m, sink), people[:, 1], numpy.zeros(m, dtype=numpy.int64))
    if way == "empty":
        net.add_arcs_with_capacity_and_unit_cost(nodes[:n], numpy.full(n, sink), tasks[:, 1], numpy.full(n, empty))
    net.set_nodes_supplies(nodes[:n], tasks[:, 1])
    net.set_node_supply(sink, -places)
    built, wall = time.process_time(), time.perf_counter()
    status = net.solve() if way == "empty" else net.solve_max_flow_with_min_cost()
    solved, wall = time.process_time(), time.perf_counter() - wall
    if status != net.OPTIMAL:
        return {"way": way, "failed": str(status)}
    flows = net.flows(pairs)
    return {"way": way, "filled": int(flows.sum()), "cost": int((flows * edges[:, 2]).sum()),
            "build_ms": (built - began) * 1e3, "solve_ms": (solved - built) * 1e3, "wall_ms": wall * 1e3}


ways = []
for way in ["flow", "empty"]:
    tries = [run(way) for _ in range(times)]
    ways.append(sorted(tries, key=lambda t: t.get("solve_ms", 0))[len(tries) // 2])
print(json.dumps(ways))
