#!/usr/bin/env python3
"""Times `prahari import nvd` on generated files, and again when all of them are known.

    bench/import/generate.py --records 300000 --out /tmp/feeds
    bench/import/measure.py --binary target/release/prahari --feeds /tmp/feeds

Prints a table: seconds, rows per second, peak memory of the process, size of the
database. `--folder` is where the database lies: a RAM disk would flatter it.
"""

import argparse
import json
import os
import pathlib
import subprocess
import tempfile
import time


def run(command, folder):
    """The answer, seconds, and peak resident memory in bytes of one run."""
    begin = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, env={"PATH": os.environ.get("PATH", "")})
    answer = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}: {answer.decode(errors='replace')}")
    return json.loads(answer), seconds, used.ru_maxrss * 1024


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--binary", type=pathlib.Path, required=True)
    arguments.add_argument("--feeds", type=pathlib.Path, required=True)
    arguments.add_argument("--folder", type=pathlib.Path, help="where the database is made [default: the system's]")
    chosen = arguments.parse_args()
    feeds = chosen.feeds.resolve()
    read = sum(path.stat().st_size for path in feeds.iterdir())
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        folder = pathlib.Path(folder)
        (folder / "prahari.toml").write_text("catalogue = false\n")
        command = [str(chosen.binary.resolve()), "import", "nvd", str(feeds), "--json"]
        print(f"{'run':<28}{'records':>10}{'seconds':>10}{'records/s':>12}{'MB/s read':>11}{'peak MB':>9}{'database MB':>13}")
        for name, extra in (("first", []), ("again, files known", []), ("again, all read (--again)", ["--again"])):
            answer, seconds, peak = run(command + extra, folder)
            count = answer["statements"]
            size = sum(path.stat().st_size for path in folder.rglob("prahari.db*"))
            print(f"{name:<28}{count:>10}{seconds:>10.2f}{count / seconds:>12.0f}{read / seconds / 1e6:>11.1f}{peak / 1e6:>9.0f}{size / 1e6:>13.0f}")
            if name != "first" and (answer["new_vulnerabilities"] or answer["changed_vulnerabilities"]):
                raise SystemExit(f"a repeated import changed something: {answer}")


if __name__ == "__main__":
    main()
