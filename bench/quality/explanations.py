#!/usr/bin/env python3
"""Whether the reasons `prahari analyse` gives are true: without the words they name, the
score is lower.

    python3 bench/quality/explanations.py target/release/prahari ../shared/datasets [--texts 200]

Takes relevant items of `news/train`, evenly spread, cuts out the spans of the reasons that
speak for the item, and asks again: of relevance for its probability, of severity for its
score, of each kind of event whether it is still given. Items without such a span are not
counted; the share of the others whose score went down is printed. Needs nothing but Python.
"""

import argparse
import json
import pathlib

from score import analyse, read


def without(text, spans):
    """The text with a blank for each span; offsets count code points."""
    kept = list(text)
    for start, end in spans:
        kept[start:end] = " " * (end - start)
    return "".join(kept)


def cut(document, reasons):
    """The document without what the reasons name; none where they name nothing."""
    spans = {"title": [], "text": []}
    for reason in reasons:
        for span in reason.get("spans") or []:
            spans[span["field"]].append((span["start"], span["end"]))
    if not any(spans.values()):
        return None
    return {**document, **{field: without(document[field], spans[field]) for field in spans}}


def share(what, before, cuts, program, is_lower):
    """Analyses the cut documents and prints how many say less than before."""
    asked = [(at, document) for at, document in cuts if document]
    after = analyse(program, [document for _, document in asked])
    lower = sum(is_lower(before[at], now) for (at, _), now in zip(asked, after))
    print(f"{what}: lower in {lower} of {len(asked)} ({lower / max(1, len(asked)):.3f})")
    for (at, document), now in zip(asked, after):
        if not is_lower(before[at], now):
            print(f"    not: {document['title'][:100]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("datasets", type=pathlib.Path)
    parser.add_argument("--texts", type=int, default=200)
    options = parser.parse_args()
    program = options.program.resolve()
    rows = [row for row in read(options.datasets / "news/train.jsonl")
            if row["relevance"] != "irrelevant"]
    rows = rows[:: max(1, len(rows) // options.texts)][: options.texts]
    documents = [{"title": row["title"], "text": row["text"]} for row in rows]
    before = analyse(program, documents)

    def named(answer, aspect):
        return [reason for reason in answer["reasons"]
                if reason["aspect"] == aspect and (reason.get("weight") or 0) > 0
                and not reason["text"].startswith(("against", "lowers", "mostly"))]

    def cuts(aspect):
        return [(at, cut(document, named(answer, aspect)))
                for at, (document, answer) in enumerate(zip(documents, before))]

    share("relevance", before, cuts("relevance"), program,
          lambda then, now: now["relevance"] < then["relevance"])
    share("severity", before, cuts("severity"), program,
          lambda then, now: now["severity_score"] < then["severity_score"])
    share("types", before, cuts("type"), program,
          lambda then, now: not set(then["types"]) <= set(now["types"]))


if __name__ == "__main__":
    main()
