"""Runs scenes inside the cluster's network: `cluster exec -- python3 inside.py ORDER.json`. Writes the figures there."""
import json
import sys
import tempfile

import scene_calls
import scene_equal
import scene_failures
import scene_foreign
import scene_idle
import scene_scale
from bench import Bench
from figures import Figures
from kube import Api
from say import Failed


def scale(bench, step):
    apps = scene_scale.run(bench, step["count"], step["kind"])
    if not step["last"]:
        apps.remove()


SCENES = {
    "equal": lambda bench, _: scene_equal.run(bench),
    "idle": lambda bench, _: scene_idle.run(bench),
    "calls": lambda bench, _: scene_calls.run(bench),
    "scale": scale,
    "failover": lambda bench, _: scene_failures.run_leaders(bench),
    "faults": lambda bench, _: scene_failures.run_faults(bench),
    "foreign": lambda bench, _: scene_foreign.run(bench),
}


def main(path):
    with open(path, encoding="utf-8") as file:
        order = json.load(file)
    figures = Figures()
    try:
        with tempfile.TemporaryDirectory(prefix="scalableapp-bench-") as private:
            bench = Bench(Api(private), order["folder"], private, order["options"], figures)
            for step in order["steps"]:
                SCENES[step["scene"]](bench, step)
    except Failed as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 1
    finally:
        with open(order["answer"], "w", encoding="utf-8") as out:
            json.dump(figures.stored(), out)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
