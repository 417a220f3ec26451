#!/usr/bin/env python3
"""Compares what we read in feeds with what Python's feedparser reads.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install feedparser
    cargo build -p sources --example preview
    /tmp/venv/bin/python bench/feeds/compare.py FOLDER [--details] [--speed]

The two do not have to agree: feedparser is an independent reader, not the
truth. The table shows every document in which they differ, to be judged by a
person. Exit code 1 if we have fewer entries, titles, links, dates or texts than
feedparser anywhere.
"""

import argparse
import calendar
import datetime
import gzip
import html
import json
import pathlib
import re
import subprocess
import sys
import time

import feedparser


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--binary", type=pathlib.Path, default=pathlib.Path("target/debug/examples/preview"))
    parser.add_argument("--details", action="store_true", help="every entry that differs, not only the counts")
    parser.add_argument("--speed", action="store_true", help="also time feedparser over the folder")
    return parser.parse_args()


def documents(folder):
    for path in sorted(folder.iterdir()):
        if path.suffix == ".tsv" or path.name.startswith("."):
            continue
        data = path.read_bytes()
        yield path, gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def ours(binary, paths):
    answer = subprocess.run([binary, "--lines", *map(str, paths)], check=True, capture_output=True, text=True)
    return {line["file"]: line["preview"] for line in map(json.loads, answer.stdout.splitlines())}


def instant(parsed):
    if not parsed:
        return None
    try:
        return datetime.datetime.fromtimestamp(calendar.timegm(parsed), datetime.timezone.utc).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):
        return None


def words(text):
    """A text's length as a reader sees it: without tags, entities and blanks."""
    text = re.sub(r"(?s)<(script|style|svg|math)\b.*?</\1>|<!--.*?-->|<[^>]*>", " ", text or "")
    return len("".join(html.unescape(text).split()))


def line(markup):
    """A title of feedparser's, which is HTML, as a line of plain text."""
    text = re.sub(r"</?(a|b|i|em|strong|code|span|br|sub|sup)\b[^>]*>", "", markup or "")
    return " ".join(html.unescape(text).split())


def theirs(data):
    # The address keeps feedparser from leaving relative links as they are.
    feed = feedparser.parse(data, response_headers={"content-location": "http://localhost/"})
    entries = []
    for entry in feed.entries:
        texts = [content.value for content in entry.get("content", [])] + [entry.get("summary", "")]
        entries.append({
            "title": line(entry.get("title")),
            "url": entry.get("link"),
            # feedparser gives `updated` for `published` and the other way round.
            "date": instant(dict.get(entry, "published_parsed") or dict.get(entry, "updated_parsed") or dict.get(entry, "created_parsed")),
            "author": bool(entry.get("author")),
            "text": max(map(words, texts)),
        })
    return entries


def our_entries(preview):
    return [{
        "title": item["title"] or "",
        "url": item["url"],
        "date": re.sub(r"\.\d+Z$", "Z", item["published"] or item["updated"] or "") or None,
        "author": bool(item["author"]),
        "text": words(item["text"]),
    } for item in preview.get("items", [])]


def same(field, mine, other):
    if field == "text":
        # feedparser sanitises; a few characters are its or ours.
        return abs(mine - other) <= max(20, 0.02 * max(mine, other))
    if field == "url":
        return (mine or "").rstrip("/") == (other or "").rstrip("/")
    return mine == other


def main():
    arguments = parse_arguments()
    pairs = list(documents(arguments.folder))
    previews = ours(arguments.binary, [path for path, _ in pairs])
    began = time.perf_counter()
    other_entries = {path: theirs(data) if data.lstrip()[:1] not in (b"{", b"[") else None for path, data in pairs}
    seconds = time.perf_counter() - began
    fields = ["title", "url", "date", "author", "text"]
    fewer, held, whole, compared, equal = False, 0, 0, 0, 0
    print(f"{'document':52} {'ours':>5} {'fp':>5}  differing entries by field (present: ours/feedparser)")
    for path, _ in pairs:
        preview, other = previews[str(path)], other_entries[path]
        mine = our_entries(preview)
        if mine:
            held += 1
            # An entry counts as read if it has what any reader finds in it.
            whole += all(entry["title"] and entry["url"] and entry["date"] and entry["text"] for entry in mine)
        if other is None:
            print(f"{path.name:52} {len(mine):5} {'-':>5}  JSON: not read by feedparser")
            continue
        notes = []
        for field in fields:
            pairs_of = list(zip(mine, other))
            differing = [index for index, (a, b) in enumerate(pairs_of) if not same(field, a[field], b[field])]
            compared += len(pairs_of)
            equal += len(pairs_of) - len(differing)
            have, others = sum(bool(e[field]) for e in mine), sum(bool(e[field]) for e in other)
            if differing or have != others:
                notes.append(f"{field} {len(differing)} ({have}/{others})")
            fewer |= have < others
            if arguments.details:
                notes += [f"\n    {index + 1} {field}: {str(mine[index][field])[:90]!r} / {str(other[index][field])[:90]!r}" for index in differing[:3]]
        fewer |= len(mine) < len(other)
        if len(mine) != len(other) or notes:
            if preview.get("problems") or preview.get("error"):
                notes.append(f"\n    we say: {json.dumps(preview.get('problems') or preview['error'], ensure_ascii=False)[:200]}")
            print(f"{path.name:52} {len(mine):5} {len(other):5}  {', '.join(notes)}")
    print(f"\n{len(pairs)} documents; {held} hold entries; in {whole} of these every entry has title, link, date and text")
    print(f"{equal} of {compared} compared values agree ({100 * equal / max(compared, 1):.2f} %)")
    if arguments.speed:
        size = sum(len(data) for path, data in pairs if other_entries[path] is not None)
        print(f"feedparser: {seconds:.1f} s, {size / seconds / 1e6:.2f} MB/s")
    return 1 if fewer else 0


if __name__ == "__main__":
    sys.exit(main())
