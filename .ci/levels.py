"""Compares the command's levels with networkx's. See .ci/levels."""

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import networkx

GRAPHS = 1_000
# `terrace graph` lists 20,000 nodes inside others; a batch has fewer.
BATCH = 200
SEED = 20_000


def random_graph(rng):
    """Nodes in a shuffled order, so that no order of the file is that of the edges."""
    n = rng.choice([1, 2, 3, 5, 8, 13, 21, 34, 55, 80])
    density = rng.choice([0.0, 0.5, 1.0, 2.0, 4.0])
    order = list(range(n))
    rng.shuffle(order)
    graph = networkx.DiGraph()
    graph.add_nodes_from(range(n))
    for _ in range(int(n * density)):
        a, b = rng.randrange(n), rng.randrange(n)
        if a != b:
            graph.add_edge(order[min(a, b)], order[max(a, b)])
    return graph


def node(name, parents):
    return {"task": "util/stub", "after": [f"n{p}" for p in sorted(parents)]}


def generations(graph):
    level = {}
    for number, nodes in enumerate(networkx.topological_generations(graph)):
        level.update((node, number) for node in nodes)
    return level


def terrace(folder, *args):
    command = [f"{folder}/terrace", *map(str, args)]
    ran = subprocess.run(command, capture_output=True, text=True)
    if ran.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {ran.returncode}: {ran.stderr}")
    return ran.stdout


def levels_of(folder, file):
    document = json.loads(terrace(folder, "graph", file, "--packs", folder, "--format", "json"))
    if any(entry.get("cut") for entry in document["nodes"]):
        sys.exit(f"{file}: not all nodes are listed")
    return document["nodes"]


def compare(what, found, expected):
    if found != expected:
        differ = {key: (found.get(key), expected[key]) for key in expected if found.get(key) != expected[key]}
        sys.exit(f"{what}: levels differ (found, networkx): {dict(list(differ.items())[:5])}")


def check_random(folder, scratch):
    rng = random.Random(SEED)
    graphs = [random_graph(rng) for _ in range(GRAPHS)]
    nodes = 0
    for first in range(0, GRAPHS, BATCH):
        batch = range(first, min(first + BATCH, GRAPHS))
        flows = {
            f"g{at}": {"nodes": {f"n{n}": node(n, graphs[at].predecessors(n)) for n in graphs[at]}}
            for at in batch
        }
        file = scratch / f"batch{first}.json"
        file.write_text(json.dumps({"terrace": 1, "packs": {"util": "^0.1"}, "nodes": flows}))
        found = {at: {} for at in batch}
        for entry in levels_of(folder, file):
            if entry["inside"]:
                at, name = int(entry["inside"][1:]), int(entry["name"].split(".n")[1])
                found[at][name] = entry["level"]
        for at in batch:
            compare(f"graph {at} of seed {SEED}", found[at], generations(graphs[at]))
            nodes += len(graphs[at])
    return nodes


def made_up_instance(rng, number):
    """Stages of a recorded pipeline, in the shape of WfFormat 1.5."""
    tasks, before = [], []
    for stage in range(rng.randrange(2, 9)):
        now = []
        for at in range(rng.randrange(1, 30)):
            parents = sorted(set(rng.choices(before, k=rng.randrange(1, 4)))) if before else []
            now.append(f"stage{stage}_{at} of {number}")
            tasks.append({"id": now[-1], "name": f"stage{stage}", "parents": parents})
        before = before + now
    rng.shuffle(tasks)
    times = [{"id": task["id"], "runtimeInSeconds": rng.random()} for task in tasks]
    workflow = {"specification": {"tasks": tasks}, "execution": {"tasks": times}}
    return {"name": f"made up {number}", "schemaVersion": "1.5", "workflow": workflow}


def check_instance(folder, scratch, file):
    workflow = json.loads(file.read_text())["workflow"]
    tasks = workflow.get("specification", workflow)["tasks"]
    graph = networkx.DiGraph()
    graph.add_nodes_from(task["id"] for task in tasks)
    for task in tasks:
        graph.add_edges_from((parent, task["id"]) for parent in task.get("parents", []))
        graph.add_edges_from((task["id"], child) for child in task.get("children", []))
    imported = scratch / "imported.json"
    terrace(folder, "import", "wfformat", file, "-o", imported)
    found = {entry["label"] or entry["name"]: entry["level"] for entry in levels_of(folder, imported)}
    compare(file, found, generations(graph))


def main():
    folder, *instances = sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        nodes = check_random(folder, scratch)
        rng = random.Random(SEED)
        files = [Path(instance) for instance in instances]
        for number in range(20):
            files.append(scratch / f"made-up-{number}.json")
            files[-1].write_text(json.dumps(made_up_instance(rng, number)))
        for file in files:
            check_instance(folder, scratch, file)
    print(f"levels of {GRAPHS} graphs with {nodes} nodes and of {len(files)} instances are networkx's")


main()
