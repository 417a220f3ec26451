#!/usr/bin/env python3
"""`GET /api/incidents?limit=50`: ours, FastAPI's on the same rows, and bare axum's.

    cargo build --release -p app --example bare
    python3 bench/api/measure.py target/release/prahari target/release/examples/bare FOLDER

FOLDER holds a data folder with `prahari.db`, as `bench/store/measure.py --keep` leaves it.
Four servers answer on loopback, one after the other and in turns: ours with the answer kept
(warm), ours with the store changed before each question (uncached: it is asked with another
`since` each time), FastAPI under one uvicorn worker in a virtualenv (`target/api-venv`), and
`crates/app/examples/bare.rs`, which sends the same bytes. Four connections ask as fast as they
are answered. What counts is requests per CPU second of the server (the kernel's count for its
process): a client that is slower than the server, or a machine that is busy, changes nothing.
"""

import argparse
import datetime
import http.client
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv

HERE = pathlib.Path(__file__).resolve().parent
ASKED = "/api/incidents?limit=50"
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def wait_for(port, path):
    deadline = time.monotonic() + 60
    while True:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            line.request("GET", path)
            return line.getresponse().read()
        except OSError:
            if time.monotonic() > deadline:
                raise SystemExit("a server did not start")
            time.sleep(0.05)
        finally:
            line.close()


def load(port, path, seconds, connections=4):
    """How many requests were answered."""
    counts, wrong = [0] * connections, []
    end = time.monotonic() + seconds

    def ask(nth):
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while time.monotonic() < end:
            line.request("GET", path())
            answer = line.getresponse()
            answer.read()
            if answer.status != 200:
                wrong.append(answer.status)
                return
            counts[nth] += 1

    threads = [threading.Thread(target=ask, args=(nth,)) for nth in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise SystemExit(f"answered with {wrong[0]}")
    return sum(counts)


def virtualenv():
    folder = HERE.parent.parent / "target" / "api-venv"
    if not (folder / "bin" / "uvicorn").exists():
        venv.create(folder, with_pip=True)
        subprocess.run([folder / "bin" / "pip", "install", "-q", "-r", HERE / "requirements.txt"], check=True)
    return folder / "bin" / "uvicorn"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("bare", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    database = next(options.folder.resolve().rglob("prahari.db"))
    uvicorn = virtualenv()
    ports = {name: free_port() for name in ("ours", "seed", "bare")}
    servers = {}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        (scratch / "prahari.toml").write_text(
            f'catalogue = false\ndata_dir = "{database.parent}"\n[server]\nlisten = "127.0.0.1:{ports["ours"]}"\n[log]\nlevel = "error"\n')
        try:
            servers["ours"] = subprocess.Popen([options.program.resolve(), "run"], cwd=scratch, **quiet)
            body = wait_for(ports["ours"], ASKED)
            (scratch / "body").write_bytes(body)
            servers["seed"] = subprocess.Popen(
                [uvicorn, "seed:app", "--port", str(ports["seed"]), "--log-level", "error"],
                cwd=HERE, env=os.environ | {"PRAHARI_DB": str(database)}, **quiet)
            servers["bare"] = subprocess.Popen(
                [options.bare.resolve(), scratch / "body", f"127.0.0.1:{ports['bare']}"], **quiet)
            for name, port in ports.items():
                wait_for(port, ASKED)
            moments = iter(range(10_000_000))
            first = datetime.datetime(2020, 1, 1)
            other = lambda: f"{ASKED}&since={(first + datetime.timedelta(seconds=next(moments))).isoformat()}Z"
            asked = {
                "ours, warm": ("ours", lambda: ASKED),
                "ours, uncached": ("ours", other),
                "FastAPI": ("seed", lambda: ASKED),
                "bare axum": ("bare", lambda: ASKED),
            }
            rates = {what: [] for what in asked}
            for _ in range(options.runs):
                for what, (name, path) in asked.items():
                    before = cpu_seconds(servers[name])
                    count = load(ports[name], path, options.seconds)
                    rates[what].append(count / max(1 / TICKS, cpu_seconds(servers[name]) - before))
        finally:
            for server in servers.values():
                server.send_signal(signal.SIGTERM)
            for server in servers.values():
                server.wait(timeout=30)
    print(f"{len(body):,} bytes an answer, {options.runs} runs of {options.seconds:g} s; requests per CPU second of the server")
    seed, bare = statistics.median(rates["FastAPI"]), statistics.median(rates["bare axum"])
    for what, found in rates.items():
        middle = statistics.median(found)
        print(f"{what:<16}{middle:>10,.0f}  ({min(found):,.0f}-{max(found):,.0f})  "
              f"{middle / seed:6.1f} x FastAPI  {100 * middle / bare:5.0f} % of bare")


if __name__ == "__main__":
    main()
