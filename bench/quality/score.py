#!/usr/bin/env python3
"""Scores `prahari analyse` on the labelled development sets.

    python3 bench/quality/score.py target/release/prahari ../shared/datasets [--set dev]

Runs the program as a user would, JSON Lines in and out, and compares what it says
with the labels. It shares no code with the program, so what it prints holds the
program's own `evaluate` to account. Needs nothing but Python.
"""

import argparse
import collections
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

BANDS = ["low", "medium", "high", "critical"]


def read(path):
    opened = gzip.open(path, "rt") if path.suffix == ".gz" else open(path)
    with opened as lines:
        return [json.loads(line) for line in lines if line.strip()]


def analyse(program, documents):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "prahari.toml").write_text("catalogue = false\n")
        with open(folder / "in.jsonl", "w") as out:
            for number, document in enumerate(documents):
                out.write(json.dumps({"id": number, **document}) + "\n")
        subprocess.run(
            [program, "analyse", "--input", "in.jsonl", "--output", "out.jsonl"],
            cwd=folder, check=True,
        )
        return read(folder / "out.jsonl")


def auc(scored):
    """Area under the curve by ranks, ties counted half."""
    scored = sorted(scored)
    ranks, at = 0.0, 0
    positives = sum(1 for _, label in scored if label)
    negatives = len(scored) - positives
    while at < len(scored):
        end = at
        while end < len(scored) and scored[end][0] == scored[at][0]:
            end += 1
        ranks += (at + 1 + end) / 2 * sum(1 for _, label in scored[at:end] if label)
        at = end
    if not positives or not negatives:
        return float("nan")
    return (ranks - positives * (positives + 1) / 2) / (positives * negatives)


def average_precision(scored):
    hits, total = 0, 0.0
    for rank, (_, label) in enumerate(sorted(scored, key=lambda one: -one[0]), 1):
        if label:
            hits += 1
            total += hits / rank
    return total / max(hits, 1)


def rejected_at(scored, recall):
    positives = sorted((score for score, label in scored if label), reverse=True)
    threshold = positives[min(len(positives) - 1, max(0, int(-(-len(positives) * recall // 1)) - 1))]
    negatives = [score for score, label in scored if not label]
    return sum(1 for score in negatives if score < threshold) / max(len(negatives), 1)


def calibration_error(scored, bins=10):
    error = 0.0
    for number in range(bins):
        inside = [
            (score, label) for score, label in scored
            if number / bins <= score < (number + 1) / bins or (number == bins - 1 and score == 1)
        ]
        if inside:
            said = sum(score for score, _ in inside) / len(inside)
            was = sum(1 for _, label in inside if label) / len(inside)
            error += len(inside) / len(scored) * abs(said - was)
    return error


def f1_by_label(pairs):
    """Micro and macro F1 over (wanted, got) pairs of sets, and each label's F1."""
    hit, extra, missed = collections.Counter(), collections.Counter(), collections.Counter()
    for wanted, got in pairs:
        hit.update(wanted & got)
        extra.update(got - wanted)
        missed.update(wanted - got)
    f1 = lambda h, e, m: 2 * h / max(2 * h + e + m, 1)
    labels = sorted({label for wanted, _ in pairs for label in wanted})
    each = {label: f1(hit[label], extra[label], missed[label]) for label in labels}
    micro = f1(sum(hit.values()), sum(extra.values()), sum(missed.values()))
    return micro, sum(each.values()) / max(len(each), 1), each


def b_cubed(pairs):
    """B-cubed precision, recall and F1 over (wanted story, got story) pairs."""
    by_wanted, by_got, both = collections.Counter(), collections.Counter(), collections.Counter()
    for wanted, got in pairs:
        by_wanted[wanted] += 1
        by_got[got] += 1
        both[wanted, got] += 1
    precision = sum(both[pair] / by_got[pair[1]] for pair in pairs) / max(len(pairs), 1)
    recall = sum(both[pair] / by_wanted[pair[0]] for pair in pairs) / max(len(pairs), 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def binary(pairs):
    hit = sum(1 for wanted, got in pairs if wanted and got)
    precision = hit / max(sum(1 for _, got in pairs if got), 1)
    recall = hit / max(sum(1 for wanted, _ in pairs if wanted), 1)
    return precision, recall


def news(program, path):
    rows = read(path)
    said = analyse(program, [{"title": r["title"], "text": r["text"], "date": r["date"]} for r in rows])
    scored = [(s["relevance"], r["relevance"] != "irrelevant") for r, s in zip(rows, said)]
    print(f"relevance: AUC {auc(scored):.3f}, average precision {average_precision(scored):.3f}, "
          f"irrelevant rejected at recall 0.95 {rejected_at(scored, 0.95):.2f}, "
          f"calibration error {calibration_error(scored):.3f}")
    three = sum(1 for r, s in zip(rows, said) if r["relevance"] == s["label"]) / len(rows)
    print(f"           three classes right {three:.3f}")
    related = [(r, s) for r, s in zip(rows, said) if r["relevance"] != "irrelevant"]
    micro, macro, each = f1_by_label([(set(r["types"]), set(s["types"])) for r, s in related])
    print(f"types: micro F1 {micro:.3f}, macro F1 {macro:.3f}; "
          + ", ".join(f"{label} {value:.2f}" for label, value in each.items()))
    rated = [(r["severity"].lower(), s["severity"], r["story"] or id(r)) for r, s in related if r["severity"]]
    exact = sum(1 for wanted, got, _ in rated if wanted == got) / max(len(rated), 1)
    near = sum(1 for wanted, got, _ in rated if abs(BANDS.index(wanted) - BANDS.index(got)) < 2)
    stories = collections.defaultdict(list)
    for wanted, got, story in rated:
        stories[story].append(wanted == got)
    by_story = sum(sum(v) / len(v) for v in stories.values()) / max(len(stories), 1)
    print(f"severity: exact {exact:.3f}, each story counting once {by_story:.3f}, "
          f"within one band {near / max(len(rated), 1):.3f} ({len(rated)} items)")
    india = [(r["india"], "IN" in s["countries"]) for r, s in zip(rows, said) if r["india"] is not None]
    precision, recall = binary(india)
    print(f"India: precision {precision:.3f}, recall {recall:.3f} ({sum(1 for w, _ in india if w)} Indian)")
    windows = collections.defaultdict(list)
    for number, (r, s) in enumerate(zip(rows, said)):
        if r["story"]:
            windows[r.get("window", "")].append((r["story"], s["story"] or f"none-{number}"))
    for window, pairs in sorted(windows.items()):
        precision, recall, f1 = b_cubed(pairs)
        print(f"stories {window}: B-cubed precision {precision:.3f}, recall {recall:.3f}, F1 {f1:.3f} "
              f"({len(pairs)} items, {len({p[0] for p in pairs})} stories)")


def cves(program, path):
    rows = read(path)
    said = analyse(program, [{"text": r["text"]} for r in rows])
    pairs = [(r["sev"].lower(), s["severity"], abs(float(r["score"]) - s["severity_score"]))
             for r, s in zip(rows, said) if r.get("sev") and r["sev"].lower() in BANDS]
    exact = sum(1 for wanted, got, _ in pairs if wanted == got) / len(pairs)
    _, macro, each = f1_by_label([({wanted}, {got}) for wanted, got, _ in pairs])
    print(f"CVE severity: accuracy {exact:.3f}, macro F1 {macro:.3f}, "
          f"mean absolute error {sum(e for _, _, e in pairs) / len(pairs):.2f} ({len(pairs)}); "
          + ", ".join(f"{label} {value:.2f}" for label, value in each.items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("datasets", type=pathlib.Path)
    parser.add_argument("--set", default="dev", choices=["dev", "train"])
    options = parser.parse_args()
    program = str(pathlib.Path(options.program).resolve())
    print(f"news/{options.set}")
    news(program, options.datasets / "news" / f"{options.set}.jsonl")
    print(f"cve_severity/{options.set}")
    cves(program, options.datasets / "cve_severity" / f"{options.set}.jsonl.gz")
    print(f"relevance/{options.set}")
    rows = read(options.datasets / "relevance" / f"{options.set}.jsonl.gz")
    said = analyse(program, [{"text": r["text"]} for r in rows])
    by_source = collections.defaultdict(list)
    for r, s in zip(rows, said):
        by_source[r["src"]].append((s["relevance"], bool(r["label"])))
    for source, scored in sorted(by_source.items()):
        print(f"  {source}: AUC {auc(scored):.3f}, average precision {average_precision(scored):.3f} ({len(scored)})")
    print(f"incidents/{options.set}")
    rows = read(options.datasets / "incidents" / f"{options.set}.jsonl.gz")
    rows = [r for r in rows if r["types_native"]]
    said = analyse(program, [{"text": r["text"]} for r in rows])
    micro, macro, each = f1_by_label([(set(r["types_native"]), set(s["types"])) for r, s in zip(rows, said)])
    print(f"  types: micro F1 {micro:.3f}, macro F1 {macro:.3f}; "
          + ", ".join(f"{label} {value:.2f}" for label, value in each.items()))


if __name__ == "__main__":
    sys.exit(main())
