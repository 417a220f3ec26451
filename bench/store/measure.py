#!/usr/bin/env python3
"""How the store grows: the same questions at 10,000, 100,000 and 1,000,000 items.

    python3 bench/store/measure.py target/release/prahari --items 10000 100000
    python3 bench/store/measure.py target/release/prahari --items 1000000 --vulnerabilities 380000 --keep FOLDER
    python3 bench/store/measure.py target/release/prahari --database 'postgres://…/bench_{items}' --items 10000

For each size an empty database is filled with invented items and CVE records, as a user
would fill it: `prahari import nvd` and `prahari import jsonl` (in batches, understanding and
placement included), then `POST /api/incidents` (one by one). Then the service answers twelve
questions that the dashboard asks and eight hard ones, and what is asked beside them, over HTTP
on one connection; each round asks with other words, so that no cached answer is measured. A
table comes out: p50 and p99 in milliseconds, insert rates, bytes on disk, and how each figure
grew.

With `--keep` the databases stay, and are asked again, not filled again, by the next run that
names the folder. With `--database` databases must be empty, or filled by an earlier run with
`--keep`; one whose name is made from `{items}` is made where there is none (needs `psql`).
Needs nothing else but Python; the same seed gives the same items.
"""

import argparse
import datetime
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
# The share of CVE records among items: 380,000 to a million.
SHARE = 0.38
FIRST_DAY = datetime.date(2024, 1, 1)
DAYS = 1_000
LINES_A_FILE = 50_000

SYLLABLES = "ka lo mi ran ve tor zu pel shi bar no ti sel da gru wen jas fi hol mu".split()
KINDS = ["ransomware attack", "data breach", "phishing campaign", "DDoS attack", "supply chain attack",
         "website defacement", "account takeover", "malware infection", "espionage campaign"]
ACTORS = "LockBit,Akira,Medusa,APT28,Lazarus Group,Scattered Spider,Qilin,Clop,MuddyWater,SideWinder".split(",")
PLACES = ["Mumbai", "Pune", "Kochi", "Jaipur", "Chennai", "London", "Paris", "Ohio", "Tokyo", "Nairobi",
          "Manila", "Madrid", "Toronto", "Sydney", "Berlin"]
TRADES = ["Bank", "Hospital", "University", "Airways", "Power", "Telecom", "Insurance", "Clinic", "Steel", "Foods"]
COMMON = ("the attackers systems network customers data records security access servers company police "
          "investigation statement services report experts software breach ransom incident update users").split()


def name(chance):
    return "".join(chance.choice(SYLLABLES) for _ in range(chance.randint(2, 4))).capitalize()


def words(chance, count):
    """Words as texts have them: a few very often, many seldom."""
    return " ".join(
        chance.choice(COMMON) if chance.random() < 0.6 else f"{chance.choice(SYLLABLES)}{int(chance.paretovariate(0.7)) % 60_000}"
        for _ in range(count))


def named(chance):
    """A CVE as stories name them: 4,000 of 380,000 records, a few of them often (`fill` does the same)."""
    place = 95 * int(4_000 ** chance.random())
    return f"CVE-{2012 + place // 25_334}-{1_000 + place % 25_334}"


def items(count, seed):
    """One item after the other; three tell one story on average, and one story in eight names a CVE."""
    chance = random.Random(seed)
    story, left = None, 0
    for number in range(count):
        if left == 0:
            left = min(40, int(chance.paretovariate(1.2)))
            story = (f"{name(chance)} {name(chance)} {chance.choice(TRADES)}", chance.choice(KINDS),
                     chance.choice(ACTORS), chance.choice(PLACES), chance.randrange(100, 5_000_000),
                     named(chance) if chance.random() < 1 / 8 else "a stolen password", number * DAYS // count)
        left -= 1
        victim, kind, actor, place, people, way, day = story
        date = FIRST_DAY + datetime.timedelta(days=day + chance.randrange(3))
        title = chance.choice([
            f"{victim} confirms {kind}, {people:,} customers affected",
            f"{actor} behind {kind} on {victim} in {place}",
            f"{kind.capitalize()} at {victim}: what is known",
        ])
        text = (f"{victim} in {place} said that a {kind} by {actor} hit its systems. {words(chance, 60)}. "
                f"About {people:,} customers are affected; the attackers used {way}. {words(chance, 90)}.")
        yield {"id": f"b{seed}-{number}", "title": title, "text": text, "url": f"https://news{number % 40}.example/{seed}/{number}",
               "published": f"{date}T{number % 24:02}:{number % 60:02}:00Z"}


def write_items(folder, count):
    folder.mkdir()
    out = None
    for number, item in enumerate(items(count, 1)):
        if number % LINES_A_FILE == 0:
            if out:
                out.close()
            out = open(folder / f"items-{number:08}.jsonl", "w")
        out.write(json.dumps(item) + "\n")
    out.close()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Service:
    """A running service and one connection to it."""

    def __init__(self, program, folder, environment, port):
        self.process = subprocess.Popen([program, "run"], cwd=folder, env=environment,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.line = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        deadline = time.monotonic() + 120
        while True:
            try:
                self.get("/healthz")
                return
            except OSError:
                self.line.close()
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise SystemExit("the service did not start")
                time.sleep(0.05)

    def ask(self, method, path, body=None):
        # What is measured is the store, and not an answer that was kept.
        headers = {"content-type": "application/json"} if body else {"cache-control": "no-cache"}
        self.line.request(method, path, body=body and json.dumps(body), headers=headers)
        answer = self.line.getresponse()
        return answer.status, answer.read()

    def get(self, path):
        return self.ask("GET", path)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)


def path(**parameters):
    return "/api/incidents?" + urllib.parse.urlencode({"limit": 50, **parameters})


def questions(service, chance):
    """By name: a function that gives the next path to ask. The first twelve are the dashboard's."""
    page = json.loads(service.get(path())[1])
    rows = page.get("incidents") or page.get("items") or next(v for v in page.values() if isinstance(v, list))
    ids = [row["id"] for row in rows]
    cursor = next((page[key] for key in ("next", "after", "next_cursor", "cursor") if page.get(key)), None)
    day = lambda: str(FIRST_DAY + datetime.timedelta(days=chance.randrange(DAYS)))
    pick = chance.choice
    limit = lambda: chance.randrange(40, 51)
    dashboard = {
        "newest": lambda: path(limit=limit()),
        "worst first": lambda: path(limit=limit(), order="worst"),
        "high or above": lambda: path(limit=limit(), severity="high"),
        "one type": lambda: path(limit=limit(), type=pick(["ransomware", "data_breach", "ddos", "malware"])),
        "one country": lambda: path(limit=limit(), country=pick(["IN", "GB", "FR", "US", "JP"])),
        "India, high, worst first": lambda: path(limit=limit(), country="IN", severity="high", order="worst"),
        "new ones since a day": lambda: path(status="new", since=day()),
        "next page": lambda: path(limit=limit(), **({"after": cursor} if cursor else {})),
        "one incident": lambda: f"/api/incidents/{pick(ids)}",
        "of one CVE": lambda: path(cve=named(chance)),
        "vulnerabilities": lambda: f"/api/vulnerabilities?limit={limit()}&severity={pick(['critical', 'high'])}",
        "sources": lambda: "/api/sources",
    }
    beside = {
        "similar incidents": lambda: f"/api/incidents/{pick(ids)}/similar",
        "facets of all": lambda: f"/api/incidents/facets?since={FIRST_DAY + datetime.timedelta(days=chance.randrange(30))}",
        "facets of a word": lambda: f"/api/incidents/facets?q={pick(COMMON[1:])}+{pick(COMMON[1:])}",
        "by relevance": lambda: path(q=f"{pick(COMMON[1:])} {pick(COMMON[1:])}", order="relevance"),
        "completion of a name": lambda: f"/api/query/complete?q=victim:{pick(SYLLABLES)}",
    }
    hard = {
        "a common word": lambda: path(q=pick(COMMON[1:])),
        "a rare word": lambda: path(q=f"{pick(SYLLABLES)}{chance.randrange(1_000, 60_000)}"),
        "two common words, worst": lambda: path(q=f"{pick(COMMON[1:])} {pick(COMMON[1:])}", order="worst"),
        "a phrase of common words": lambda: path(q=f'"{pick(COMMON[1:])} {pick(COMMON[1:])}"'),
        "a beginning": lambda: path(q=f"{pick(SYLLABLES)}{chance.randrange(1, 9)}*"),
        "word, country and severity": lambda: path(q=pick(COMMON[1:]), country="IN", severity="critical"),
        "one actor in a month": lambda: path(q=f'actor:"{pick(ACTORS)}" date:{(d := day())}..{d[:8]}28'),
        "either of two, but not": lambda: path(q=f"({pick(COMMON[1:])} OR {pick(PLACES)}) -{pick(KINDS).split()[0]}"),
    }
    return dashboard | hard | beside


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


def psql(database, command):
    return subprocess.run(["psql", database, "-Atc", command], capture_output=True, text=True, check=True).stdout


def make_database(address):
    """Where there is none of this name."""
    base, name = address.rsplit("/", 1)
    if not psql(f"{base}/postgres", f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):
        psql(f"{base}/postgres", f'CREATE DATABASE "{name}"')


def bytes_on_disk(folder, database):
    if database:
        return int(psql(database, "SELECT pg_database_size(current_database())"))
    return sum(one.stat().st_size for one in folder.rglob("prahari.db*"))


def fill(program, folder, environment, what, source):
    start = time.monotonic()
    done = subprocess.run([program, "import", what, str(source), "--json"], cwd=folder, env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"import {what} ended with {done.returncode}: {done.stderr[-500:]}")
    return time.monotonic() - start


def fill_all(program, folder, environment, count, flaws):
    """Fills an empty database, and says how fast that was."""
    figures = {}
    write_items(folder / "items", count)
    subprocess.run([sys.executable, HERE.parent / "import" / "generate.py", "--records", str(flaws),
                    "--out", folder / "feeds"], check=True, stdout=subprocess.DEVNULL)
    figures["CVE records in batches, /s"] = flaws / fill(program, folder, environment, "nvd", folder / "feeds")
    figures["items in batches, whole flow, /s"] = count / fill(program, folder, environment, "jsonl", folder / "items")
    for made in ("items", "feeds"):
        shutil.rmtree(folder / made)
    return figures


def ask_all(service, rounds, figures):
    chance = random.Random(3)
    asked = list(items(max(20, rounds), time.time_ns()))
    start = time.monotonic()
    try:
        for one in asked:
            status, answer = service.ask("POST", "/api/incidents", {"title": one["title"], "description": one["text"]})
            if status != 201:
                raise SystemExit(f"POST /api/incidents: {status} {answer[:200]}")
        figures["items one by one, /s"] = len(asked) / (time.monotonic() - start)
    except TimeoutError:
        # Placement is one lane: it waits for what an import that was broken off left behind.
        print("  POST /api/incidents: no answer in two minutes", file=sys.stderr)
        service.line.close()
    for what, ask in questions(service, chance).items():
        took, refused = [], None
        for _ in range(rounds):
            asking = ask()
            start = time.perf_counter()
            status, answer = service.get(asking)
            took.append((time.perf_counter() - start) * 1e3)
            if status not in (200, 404):
                refused = f"{status} {answer[:80].decode(errors='replace')}"
                break
        if refused:
            print(f"  {what}: not answered ({refused})", file=sys.stderr)
            continue
        figures[f"{what}, p50 ms"] = percentile(took, 0.5)
        figures[f"{what}, p99 ms"] = percentile(took, 0.99)


def measure(program, folder, count, flaws, rounds, database):
    """The figures of one size, by name."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    (folder / "prahari.toml").write_text(
        f'catalogue = false\n[server]\nlisten = "127.0.0.1:{port}"\n[log]\nlevel = "error"\n')
    environment = {"PATH": os.environ.get("PATH", "")} | ({"DATABASE_URL": database} if database else {})
    filled = folder / "filled.json"
    if not filled.exists():
        filled.write_text(json.dumps(fill_all(program, folder, environment, count, flaws)))
    figures = json.loads(filled.read_text())
    service = Service(program, folder, environment, port)
    try:
        ask_all(service, rounds, figures)
    finally:
        service.stop()
    figures["MB on disk"] = bytes_on_disk(folder, database) / 1e6
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--items", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--vulnerabilities", type=int, help=f"instead of {SHARE} of the items")
    parser.add_argument("--rounds", type=int, default=200, help="how often each question is asked")
    parser.add_argument("--database", help="a PostgreSQL database, instead of SQLite")
    parser.add_argument("--keep", type=pathlib.Path, help="where databases stay; a RAM disk would flatter")
    options = parser.parse_args()
    if options.database and "{items}" not in options.database and len(options.items) > 1:
        parser.error("--database without {items} holds one size a run")
    program = str(options.program.resolve())
    sizes = {}
    for count in options.items:
        flaws = options.vulnerabilities or max(1, int(count * SHARE))
        print(f"{count:,} items, {flaws:,} CVE records …", file=sys.stderr)
        database = options.database and options.database.replace("{items}", str(count))
        if database and "{items}" in options.database:
            make_database(database)
        with tempfile.TemporaryDirectory() as passing:
            folder = (options.keep or pathlib.Path(passing)) / f"{'postgres' if database else 'sqlite'}-{count}"
            sizes[count] = measure(program, folder, count, flaws, options.rounds, database)
    first, last = sizes[options.items[0]], sizes[options.items[-1]]
    print(f"{'':<38}" + "".join(f"{count:>14,}" for count in sizes) + f"{'last/first':>12}")
    for figure in last:
        row = [one.get(figure) for one in sizes.values()]
        grown = last[figure] / first[figure] if first.get(figure) else float("nan")
        print(f"{figure:<38}" + "".join(f"{'-' if v is None else format(v, ',.2f'):>14}" for v in row) + f"{grown:>12.2f}")


if __name__ == "__main__":
    main()
