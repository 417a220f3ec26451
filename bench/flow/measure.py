#!/usr/bin/env python3
"""Measures the whole flow of a built binary on a folder of feed documents.

    python3 bench/flow/measure.py target/release/prahari FOLDER [--runs 5]

The documents (plain or .gz) are served by a local HTTP server; `prahari ingest`
reads them all: fetch, parse, understand, place, store, index, match rules. Then
the service is started on the database that gave, and asked for its first answer.
Prints each figure as median (min-max) of the runs. Peak memory is the kernel's
count for the finished process (ru_maxrss); memory of the service is its VmRSS
after the first page of incidents was read.
"""

import argparse
import gzip
import http.server
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.request


def documents(folder):
    for path in sorted(folder.iterdir()):
        if path.suffix == ".tsv" or not path.is_file():
            continue
        data = path.read_bytes()
        yield gzip.decompress(data) if path.suffix == ".gz" else data


def serve(bodies):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = bodies[int(self.path.strip("/"))]
            self.send_response(200)
            self.send_header("content-type", "application/xml")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def settings(port, count, listen):
    sources = "".join(
        f'[[sources]]\nid = "f{n}"\nkind = "feed"\nurl = "http://127.0.0.1:{port}/{n}"\ninterval = "1h"\n' for n in range(count)
    )
    return (
        f'catalogue = false\n[server]\nlisten = "127.0.0.1:{listen}"\n[log]\nlevel = "warn"\n'
        f'[net]\nallow = ["127.0.0.1"]\nhost_interval_seconds = 0\n{sources}'
    )


def ingest(binary, folder):
    start = time.perf_counter()
    process = subprocess.Popen([binary, "ingest", "--json"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    out = process.stdout.read()
    _, _, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    return json.loads(out), wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def start_up(binary, folder, listen):
    url = f"http://127.0.0.1:{listen}"
    start = time.perf_counter()
    process = subprocess.Popen([binary, "run"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        try:
            urllib.request.urlopen(f"{url}/api/incidents?limit=1", timeout=1).read()
            break
        except OSError:
            time.sleep(0.001)
    first = time.perf_counter() - start
    urllib.request.urlopen(f"{url}/api/incidents?limit=50", timeout=5).read()
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    rss = next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=15)
    return first * 1000, rss


def show(name, unit, values):
    print(f"{name:<44} {statistics.median(values):10.1f} {unit}  ({min(values):.1f}-{max(values):.1f})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    bodies = list(documents(options.folder))
    port = serve(bodies)
    rates, per_cpu, peaks, firsts, rests = [], [], [], [], []
    items = 0
    for _ in range(options.runs):
        with tempfile.TemporaryDirectory() as folder:
            listen = free_port()
            pathlib.Path(folder, "prahari.toml").write_text(settings(port, len(bodies), listen))
            binary = options.binary.resolve()
            summary, wall, cpu, peak = ingest(binary, folder)
            items = summary["placed"]
            rates.append(items / wall)
            per_cpu.append(items / cpu)
            peaks.append(peak)
            first, rest = start_up(binary, folder, listen)
            firsts.append(first)
            rests.append(rest)
    print(f"{len(bodies)} documents, {sum(map(len, bodies)) / 1e6:.1f} MB, {items} items, {options.runs} runs")
    show("whole flow", "items/s", rates)
    show("whole flow, per CPU second", "items/s", per_cpu)
    show("ingest, peak memory", "MB", peaks)
    show("start to first answer", "ms", firsts)
    show("service after a page, memory", "MB", rests)


if __name__ == "__main__":
    main()
