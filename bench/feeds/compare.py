#!/usr/bin/env python3
"""Compares what we read in feeds with what Python's feedparser reads.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install feedparser
    cargo build -p sources --example preview
    /tmp/venv/bin/python bench/feeds/compare.py FOLDER [--details] [--speed]

The two do not have to agree: feedparser is an independent reader, not the
truth. The list shows every document in which they differ; the table at the end
counts the differences by field and cause, with the judgement that a person gave
of each cause (CAUSES). What no cause explains stands there by its document and is
to be looked into. Exit code 1 if there is such a difference, or if we have fewer
entries, titles, links, dates or texts than feedparser anywhere.
"""

import argparse
import calendar
import collections
import datetime
import gzip
import html
import html.parser
import json
import pathlib
import re
import subprocess
import sys
import time
import urllib.parse

import feedparser

# What explains a difference, who is right, and why.
CAUSES = {
    "no entries for feedparser": ("ours", "a broken prolog, and every element with a prefix that nobody declared; the entries are there for a reader"),
    "percent-encoding": ("ours", "the same address; blanks and letters beyond ASCII may not stand in one (RFC 3986)"),
    "the feed's author": ("ours", "an Atom entry without an author has that of its feed (RFC 4287, 4.2.1)"),
    "a date feedparser cannot read": ("ours", "blanks are missing in it (`30Mar 2025`, `Mon,31 Mar`, `202510:50:41`), and it is plain all the same"),
    "a picture's caption": ("ours", "feedparser takes `media:description` for the entry's summary; the article's text is the same in both"),
    "a quote missing in the markup": ("both", "the markup is kept as published, feedparser mends it; the words are the same in both"),
}


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


class Visible(html.parser.HTMLParser):
    """What a reader sees. Quoted attributes may hold a `>`: no regular expression."""

    HIDDEN = {"script", "style", "svg", "math"}

    def __init__(self):
        super().__init__()
        self.text, self.hidden = [], []

    def handle_starttag(self, tag, attrs):
        if tag in self.HIDDEN:
            self.hidden.append(tag)

    def handle_endtag(self, tag):
        if tag in self.hidden:
            del self.hidden[self.hidden.index(tag):]

    def handle_data(self, data):
        if not self.hidden:
            self.text.append(data)


def words(text):
    """A text's length as a reader sees it: without tags, entities and blanks."""
    reader = Visible()
    reader.feed(text or "")
    reader.close()
    return len("".join("".join(reader.text).split()))


def stripped(text):
    """The same, tags cut out without reading them."""
    return len("".join(html.unescape(re.sub(r"<[^>]*>", " ", text or "")).split()))


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
            # Only to find causes.
            "stripped": max(map(stripped, texts)),
            "body": max([words(content.value) for content in entry.get("content", [])], default=None),
            "unread_date": bool(entry.get("published") or entry.get("updated")),
            "feed_author": bool(feed.feed.get("author")),
        })
    return entries


def cause(field, mine, other):
    """Which of CAUSES explains that a field of an entry differs, or None."""
    if field == "url" and urllib.parse.unquote(mine["url"] or "") == urllib.parse.unquote(other["url"] or ""):
        return "percent-encoding"
    if field == "author" and mine["author"] and other["feed_author"]:
        return "the feed's author"
    if field == "date" and mine["date"] and not other["date"] and other["unread_date"]:
        return "a date feedparser cannot read"
    if field == "text" and other["body"] is not None and same("text", mine["text"], other["body"]):
        return "a picture's caption"
    if field == "text" and same("text", mine["stripped"], other["stripped"]):
        return "a quote missing in the markup"
    return None


def our_entries(preview):
    return [{
        "title": item["title"] or "",
        "url": item["url"],
        "date": re.sub(r"\.\d+Z$", "Z", item["published"] or item["updated"] or "") or None,
        "author": bool(item["author"]),
        "text": words(item["text"]),
        "stripped": stripped(item["text"]),
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
    found = collections.defaultdict(list)
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
            for index in differing:
                why = cause(field, *pairs_of[index]) or f"not judged: {path.name}, entry {index + 1}"
                found[field, why].append(path.name)
            have, others = sum(bool(e[field]) for e in mine), sum(bool(e[field]) for e in other)
            if differing or have != others:
                notes.append(f"{field} {len(differing)} ({have}/{others})")
            fewer |= have < others
            if arguments.details:
                notes += [f"\n    {index + 1} {field}: {str(mine[index][field])[:90]!r} / {str(other[index][field])[:90]!r}" for index in differing[:3]]
        if mine and not other:
            found["entries", "no entries for feedparser"] += [path.name] * len(mine)
        fewer |= len(mine) < len(other)
        if len(mine) != len(other) or notes:
            if preview.get("problems") or preview.get("error"):
                notes.append(f"\n    we say: {json.dumps(preview.get('problems') or preview['error'], ensure_ascii=False)[:200]}")
            print(f"{path.name:52} {len(mine):5} {len(other):5}  {', '.join(notes)}")
    print(f"\n{len(pairs)} documents; {held} hold entries; in {whole} of these every entry has title, link, date and text")
    print(f"{equal} of {compared} compared values agree ({100 * equal / max(compared, 1):.2f} %)")
    print("\n| field | differ | documents | cause | right |\n| --- | --- | --- | --- | --- |")
    unexplained = False
    for (field, why), names in sorted(found.items()):
        unexplained |= why not in CAUSES
        right, reason = CAUSES.get(why, ("?", "to be looked into"))
        print(f"| {field} | {len(names)} | {len(set(names))} | {why}: {reason} | {right} |")
    if arguments.speed:
        size = sum(len(data) for path, data in pairs if other_entries[path] is not None)
        print(f"feedparser: {seconds:.1f} s, {size / seconds / 1e6:.2f} MB/s")
    return 1 if fewer or unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
