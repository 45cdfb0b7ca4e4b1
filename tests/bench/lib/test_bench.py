"""The benchmark's own judgement, tried with planted defects: python3 -B -m unittest discover -s tests/bench/lib"""
import copy
import os
import unittest

from apps import app, is_autoscaled
from figures import Figures, number, percentile, verdict
from host import cases, peer_does
from operators import OURS, PEER
from scene_calls import by_verb
from scene_equal import essence, essence_of_status, first_difference

CHILD = {
    "metadata": {"name": "shop", "uid": "1", "resourceVersion": "7", "managedFields": [{}], "labels": {"a": "b"},
                 "annotations": {"scalableapp.dev/intent-hash": "0123"},
                 "ownerReferences": [{"kind": "ScalableApp", "name": "shop", "uid": "2", "controller": True}]},
    "spec": {"clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7"], "type": "ClusterIP"}}
STATUS = {"conditions": [{"type": "Ready", "lastTransitionTime": "2026-11-21T10:00:00Z", "message": "web: X (1 pod, since 10:00:00Z)"}]}


class Equal(unittest.TestCase):
    def test_identities_and_times_do_not_count(self):
        other = copy.deepcopy(CHILD)
        other["metadata"] |= {"uid": "9", "resourceVersion": "8", "managedFields": []}
        other["metadata"]["annotations"] = {"scalableapp.dev/intent-hash": "4567", "scalableapp.dev/template-digest": "89"}
        other["metadata"]["ownerReferences"][0]["uid"] = "8"
        other["spec"] |= {"clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9"]}
        self.assertEqual(essence(CHILD), essence(other))
        later = {"conditions": [{"type": "Ready", "lastTransitionTime": "2026-11-21T11:11:11Z", "message": "web: X (1 pod, since 11:11:11Z)"}]}
        self.assertEqual(essence_of_status(STATUS), essence_of_status(later))

    def test_everything_else_counts(self):
        def planted(change):
            other = copy.deepcopy(CHILD)
            change(other)
            return first_difference({"x": essence(CHILD)}, {"x": essence(other)})

        self.assertIsNone(planted(lambda _: None))
        for change in (lambda c: c["spec"].update(type="NodePort"), lambda c: c["metadata"]["labels"].update(a="c"),
                       lambda c: c["metadata"]["annotations"].clear(),
                       lambda c: c["metadata"]["annotations"].update(more="x"), lambda c: c["metadata"]["ownerReferences"].clear(),
                       lambda c: c["metadata"]["ownerReferences"][0].update(controller=False)):
            self.assertIn("x", planted(change))
        self.assertIn("gone", first_difference({"gone": 1}, {}))
        other = {"conditions": [{**STATUS["conditions"][0], "message": "web: X (2 pods, since 10:00:00Z)"}]}
        self.assertNotEqual(essence_of_status(STATUS), essence_of_status(other))


class Cases(unittest.TestCase):
    def test_only_what_the_peer_does_is_compared(self):
        head = "kind: ScalableApp\nmetadata:\n  name: shop\nspec:\n"
        self.assertTrue(peer_does(head + "  web:\n    image: shop:1\n"))
        self.assertFalse(peer_does(head + "  web:\n    image: shop:1\n  loadBalancer: {}\n"))
        self.assertFalse(peer_does(head + "  zones:\n    - {name: z1}\n  web:\n    image: shop:1\n"))
        names = [os.path.basename(path) for path in cases()]
        self.assertIn("01-single-server.yaml", names)
        self.assertIn("overrides.yaml", names)
        self.assertNotIn("08-several-zones.yaml", names)


class Judging(unittest.TestCase):
    def test_percentiles(self):
        self.assertEqual(percentile([5, 1, 4, 2, 3], 0.5), 3)
        self.assertEqual(percentile(range(1, 101), 0.99), 99)
        self.assertEqual(percentile([7], 0.99), 7)

    def test_verdicts(self):
        self.assertTrue(verdict(("ratio", 0.2), 10, 0.2).startswith("met"))
        self.assertTrue(verdict(("ratio", 0.2), 10, 0.21).startswith("MISSED"))
        self.assertTrue(verdict(("value", 0), 1, None).startswith("MISSED"))
        self.assertEqual(verdict(("ratio", 0.2), 10, None), "")

    def test_medians_and_ratio(self):
        figures = Figures()
        for value in (1, 9, 2):
            figures.add("s", "r", "MiB", OURS, value, ("ratio", 0.5))
        figures.add("s", "r", "MiB", PEER, 8)
        again = Figures()
        again.merge(figures.stored())
        line = again.lines()[0]
        self.assertEqual((line["ours"], line["peer"], line["ratio"]), (2, 8, 0.25))
        self.assertTrue(line["verdict"].startswith("met"))

    def test_numbers(self):
        self.assertEqual([number(value) for value in (0, None, 1234.5, 12.345, 0.01234)], ["0", "–", "1234", "12.3", "0.0123"])

    def test_calls_by_verb(self):
        verbs = by_verb({"apply services": 2, "apply deployments": 3, "apply scalableapps/status": 4, "watch pods": 1})
        self.assertEqual(dict(verbs), {"apply": 5, "status": 4, "watch": 1})


class Workload(unittest.TestCase):
    def test_every_kind_of_child_is_asked_for(self):
        self.assertTrue(is_autoscaled(9))
        self.assertIn("autoscaling", app(9)["spec"]["web"])
        self.assertEqual(app(8)["spec"]["web"]["replicas"], 2)
        self.assertNotIn("autoscaling", app(9, pods=0)["spec"]["web"])


if __name__ == "__main__":
    unittest.main()
