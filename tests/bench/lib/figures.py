"""The figures of both operators, and the table of them."""
import math
import statistics

from operators import OURS, PEER


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


class Figures:
    """Values by scene, row and operator. Several values of one row become their median."""

    def __init__(self):
        self.rows = {}

    def add(self, scene, row, unit, kind, value, bound=None):
        """`bound`: ("ratio", most) against the peer, or ("value", most) of ours."""
        entry = self.rows.setdefault((scene, row), {"unit": unit, "bound": bound, OURS: [], PEER: []})
        entry[kind].append(value)

    def merge(self, stored):
        for scene, row, entry in stored:
            mine = self.rows.setdefault((scene, row), {"unit": entry["unit"], "bound": entry["bound"], OURS: [], PEER: []})
            for kind in (OURS, PEER):
                mine[kind] += entry[kind]

    def stored(self):
        return [(scene, row, entry) for (scene, row), entry in self.rows.items()]

    def median(self, scene, row, kind):
        values = self.rows.get((scene, row), {}).get(kind)
        return statistics.median(values) if values else None

    def lines(self):
        """One per row: scene, row, unit, ours, peer, ratio, verdict."""
        out = []
        for (scene, row), entry in self.rows.items():
            ours, peer = (self.median(scene, row, kind) for kind in (OURS, PEER))
            ratio = ours / peer if ours is not None and peer else None
            out.append({"scene": scene, "row": row, "unit": entry["unit"], "ours": ours, "peer": peer, "ratio": ratio,
                        "runs": len(entry[OURS]), "verdict": verdict(entry["bound"], ours, ratio)})
        return out


def verdict(bound, ours, ratio):
    if bound is None:
        return ""
    kind, most = bound
    value = ratio if kind == "ratio" else ours
    if value is None:
        return ""
    word = "met" if value <= most * (1 + 1e-9) else "MISSED"
    return f"{word} (≤ {most:.2g}{'×' if kind == 'ratio' else ''})"


def number(value):
    if value is None:
        return "–"
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(digits, 4)}f}"


def print_table(lines):
    heads = ("what", "unit", "ours", "Go peer", "ratio", "asked for")
    cells = [heads]
    scene = None
    for line in lines:
        if line["scene"] != scene:
            scene = line["scene"]
            cells.append((f"**{scene}**", "", "", "", "", ""))
        ratio = "–" if line["ratio"] is None else f"{line['ratio']:.2f}"
        cells.append((line["row"], line["unit"], number(line["ours"]), number(line["peer"]), ratio, line["verdict"]))
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    for at, row in enumerate(cells):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")
        if at == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
