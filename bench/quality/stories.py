#!/usr/bin/env python3
"""Stories: which reports are joined, beside TF-IDF and a cosine of a half.

    python3 bench/quality/stories.py target/release/prahari ../shared/datasets

Each window of `news/train` and `news/dev` goes through `prahari analyse` by itself, and what
it calls one story is compared with what readers did, over the items that they gave a story.
The shipped model has learned from `news/train`: there its figures are too good, and those of
`prahari evaluate --task stories` (each window left out in turn) are the honest ones. TF-IDF is
what the systems we replace would do: titles, each item joined to the likeliest story before
it where the cosine to one of its items is 0.5 or more. It has learned nothing, so train and
dev are alike for it.

Told are, of pairs of items, precision, recall and F1; B-cubed F1; both again with each story
counting once, however often it was told; the share of repeats that were joined (`removed`);
and of 1,000 items how many stand in a story that is mostly another (`wrong`).
"""

import argparse
import collections
import itertools
import math
import pathlib
import re

from score import analyse, b_cubed, read

SURE = 0.5


def tf_idf(rows):
    """Which story each row is given, by its title alone, in order of date."""
    words = [collections.Counter(re.findall(r"\w+", row["title"].lower())) for row in rows]
    spread = collections.Counter(word for one in words for word in one)
    vectors = []
    for one in words:
        vector = {word: count * (math.log((1 + len(rows)) / (1 + spread[word])) + 1) for word, count in one.items()}
        length = math.sqrt(sum(value * value for value in vector.values())) or 1
        vectors.append({word: value / length for word, value in vector.items()})
    given, placed = [None] * len(rows), []
    for at in sorted(range(len(rows)), key=lambda at: rows[at]["date"] or ""):
        cosine = lambda other: sum(value * vectors[other].get(word, 0) for word, value in vectors[at].items())
        best = max(placed, key=cosine, default=None)
        given[at] = given[best] if best is not None and cosine(best) >= SURE else at
        placed.append(at)
    return given


def measure(pairs):
    """The figures of (wanted, given) pairs, one for each item."""
    wanted, given, both = collections.Counter(), collections.Counter(), collections.Counter(pairs)
    for one, other in pairs:
        wanted[one] += 1
        given[other] += 1
    two = lambda count: count * (count - 1) // 2
    together = sum(map(two, both.values()))
    precision = together / max(sum(map(two, given.values())), 1)
    recall = together / max(sum(map(two, wanted.values())), 1)
    # Each story once: the pairs of a story, and the pairs that any of its items is joined in.
    by_story = []
    for story, size in wanted.items():
        if size < 2:
            continue
        right = sum(two(count) for (one, _), count in both.items() if one == story)
        joined = sum(two(count) + count * (given[other] - count) for (one, other), count in both.items() if one == story)
        by_story.append(2 * right / max(joined + two(size), 1))
    items = collections.defaultdict(list)
    for one, other in pairs:
        p, r = both[one, other] / given[other], both[one, other] / wanted[one]
        items[one].append(2 * p * r / (p + r))
    parts = collections.Counter(one for one, _ in both)
    repeats = sum(size - 1 for size in wanted.values())
    joined = sum(size - parts[story] for story, size in wanted.items())
    most = collections.Counter()
    for (_, other), count in both.items():
        most[other] = max(most[other], count)
    return {
        "pair P": precision, "pair R": recall, "pair F1": 2 * precision * recall / max(precision + recall, 1e-9),
        "by story": sum(by_story) / max(len(by_story), 1),
        "B3 F1": b_cubed(pairs)[2],
        "B3 by story": sum(sum(v) / len(v) for v in items.values()) / max(len(items), 1),
        "removed": joined / max(repeats, 1),
        "wrong": 1000 * (len(pairs) - sum(most.values())) / max(len(pairs), 1),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("datasets", type=pathlib.Path)
    options = parser.parse_args()
    program = str(pathlib.Path(options.program).resolve())
    header = None
    for part in ("train", "dev"):
        rows = read(options.datasets / "news" / f"{part}.jsonl")
        window = lambda row: row["window"]
        for name, rows in itertools.groupby(sorted(rows, key=window), key=window):
            rows = list(rows)
            said = analyse(program, [{"title": r["title"], "text": r["text"], "date": r["date"]} for r in rows])
            ways = {"prahari": [one["story"] or number for number, one in enumerate(said)], "TF-IDF": tf_idf(rows)}
            for way, given in ways.items():
                pairs = [(row["story"], one) for row, one in zip(rows, given) if row["story"]]
                figures = measure(pairs)
                if header is None:
                    header = print(f"{'':<22}" + "".join(f"{one:>12}" for one in figures)) or True
                print(f"{part} {name} ({len(pairs)})".ljust(14) + f"{way:<8}"
                      + "".join(f"{value:>12.{0 if one == 'wrong' else 3}f}" for one, value in figures.items()))


if __name__ == "__main__":
    main()
