#!/usr/bin/env python3
"""Writes N invented CVE records in the shape and size of NVD's yearly JSON 2.0 files.

    bench/import/generate.py --records 300000 --out /tmp/feeds [--seed 1] [--gzip]

The same seed gives the same bytes. The words are ours; nothing is copied from NVD.
A record has 2 to 4 kB, as real ones have on average: metrics of one or two bodies,
weaknesses, CPE matches (a few records have hundreds), references.
"""

import argparse
import gzip
import io
import json
import pathlib
import random

VENDORS = "acme borealis cobaltworks deltaline everpine fjordsoft grainer hollowoak inkwell juniperry kestrel lumenta marlow northgate ostara pinecrest quillon ravenna solstice tarnhelm umbra vantage wexford yarrow zephyria".split()
PRODUCTS = "gateway mail_server web_console file_manager router_os camera_firmware vpn_client report_builder identity_hub shop_plugin forms_plugin media_library kernel archive_tool pdf_viewer chat_server build_agent backup_suite scheduler api_proxy".split()
FLAWS = [
    ("CWE-79", "a cross-site scripting flaw", "run script in the browser of another user"),
    ("CWE-89", "an SQL injection flaw", "read and change rows of the database"),
    ("CWE-787", "an out-of-bounds write", "crash the service or run code"),
    ("CWE-125", "an out-of-bounds read", "read memory of other requests"),
    ("CWE-22", "a path traversal flaw", "read files outside the intended folder"),
    ("CWE-352", "a missing check of the request's origin", "change settings in the name of an administrator"),
    ("CWE-862", "a missing authorisation check", "call functions kept for administrators"),
    ("CWE-78", "a command injection flaw", "run commands as the service's user"),
    ("CWE-416", "a use after free", "corrupt memory and possibly run code"),
    ("CWE-918", "a server-side request forgery", "reach services of the inner network"),
]
WHERE = "the upload form,the login page,the parser of configuration files,the update service,the search field,the handler of session cookies,the export of reports,the preview of attachments,the decoder of image headers,the remote management port".split(",")
WHO = "an unauthenticated attacker from the network,an authenticated user with few rights,a local user,an administrator of another tenant,a person who lures a user to a prepared page".split(",")
EXTRA = [
    "The flaw lies in code that was taken over from an older branch and is reachable in the default settings.",
    "Installations that keep the management interface inside a separate network are less exposed.",
    "A prepared request of a few hundred bytes is enough, and no trace is left in the default log.",
    "The maintainers were told and have published a corrected release; older branches are no longer served.",
    "Turning off the affected function works around the flaw at the cost of the preview.",
    "Whether the flaw is used in attacks was not known at the time of writing.",
]
V31 = [
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, "CRITICAL"),
    ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 8.8, "HIGH"),
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5, "HIGH"),
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1, "MEDIUM"),
    ("CVSS:3.1/AV:N/AC:L/PR:L/UI:R/S:C/C:L/I:L/A:N", 5.4, "MEDIUM"),
    ("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:L/I:N/A:N", 3.3, "LOW"),
]


def moment(rng, year):
    return f"{year}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}.{rng.randint(0, 999):03}"


def uuid(rng):
    text = f"{rng.getrandbits(128):032X}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def metric(rng, source, kind):
    vector, score, severity = rng.choice(V31)
    names = ("attackVector", "attackComplexity", "privilegesRequired", "userInteraction", "scope",
             "confidentialityImpact", "integrityImpact", "availabilityImpact")
    words = {"N": "NONE", "L": "LOW", "H": "HIGH", "R": "REQUIRED", "U": "UNCHANGED", "C": "CHANGED"}
    parts = {}
    for name, part in zip(names, vector.split("/")[1:]):
        letter = part.split(":")[1]
        parts[name] = {"N": "NETWORK", "L": "LOCAL"}.get(letter, letter) if name == "attackVector" else words[letter]
    data = {"version": "3.1", "vectorString": vector, "baseScore": score, "baseSeverity": severity, **parts}
    return {"source": source, "type": kind, "cvssData": data,
            "exploitabilityScore": round(rng.uniform(1, 3.9), 1), "impactScore": round(rng.uniform(1.4, 5.9), 1)}


def cpe_matches(rng, vendor, product, count):
    matches = []
    for _ in range(count):
        major, minor = rng.randint(0, 24), rng.randint(0, 40)
        match = {"vulnerable": True, "criteria": f"cpe:2.3:a:{vendor}:{product}:*:*:*:*:*:*:*:*"}
        if rng.random() < 0.3:
            match["criteria"] = f"cpe:2.3:a:{vendor}:{product}:{major}.{minor}.{rng.randint(0, 9)}:*:*:*:*:*:*:*"
        else:
            if rng.random() < 0.6:
                match["versionStartIncluding"] = f"{major}.{minor}"
            match["versionEndExcluding"] = f"{major}.{minor + rng.randint(1, 9)}.{rng.randint(0, 9)}"
        match["matchCriteriaId"] = uuid(rng)
        matches.append(match)
    return matches


def record(rng, year, number):
    cve = f"CVE-{year}-{number:04}"
    vendor, product = rng.choice(VENDORS), rng.choice(PRODUCTS)
    cwe, flaw, effect = rng.choice(FLAWS)
    authority = f"psirt@{vendor}.example"
    name = f"{vendor.capitalize()} {product.replace('_', ' ')}"
    text = (f"In {name} before {rng.randint(1, 24)}.{rng.randint(0, 40)}.{rng.randint(0, 9)}, {rng.choice(WHERE)} has {flaw}, "
            f"by which {rng.choice(WHO)} may {effect}. ") + " ".join(rng.sample(EXTRA, rng.randint(1, 4)))
    published = moment(rng, year)
    result = {
        "id": cve,
        "sourceIdentifier": authority,
        "published": published,
        "lastModified": max(published, moment(rng, min(year + rng.randint(0, 2), 2026))),
        "vulnStatus": rng.choice(["Analyzed", "Analyzed", "Modified", "Awaiting Analysis", "Deferred"]),
        "cveTags": [],
        "descriptions": [
            {"lang": "en", "value": text},
            {"lang": "es", "value": f"En {name} hay un fallo ({cwe}) por el que un atacante puede actuar sin permiso. El fabricante ofrece una versión corregida."},
        ],
        "metrics": {"cvssMetricV31": [metric(rng, "nvd@nist.gov", "Primary")]},
        "weaknesses": [{"source": "nvd@nist.gov", "type": "Primary", "description": [{"lang": "en", "value": cwe}]}],
        "references": [],
    }
    if rng.random() < 0.5:
        result["metrics"]["cvssMetricV31"].append(metric(rng, authority, "Secondary"))
        result["weaknesses"].append({"source": authority, "type": "Secondary", "description": [{"lang": "en", "value": cwe}]})
    if rng.random() < 0.8:
        count = rng.randint(100, 300) if rng.random() < 0.002 else rng.choice([1, 1, 1, 2, 2, 3, 5])
        result["configurations"] = [{"nodes": [{"operator": "OR", "negate": False, "cpeMatch": cpe_matches(rng, vendor, product, count)}]}]
    for index in range(rng.randint(1, 6)):
        link = {"url": f"https://{rng.choice(['advisories', 'git', 'lists', 'blog'])}.{vendor}.example/{year}/{number}/{rng.getrandbits(48):012x}", "source": authority}
        if rng.random() < 0.7:
            link["tags"] = rng.sample(["Patch", "Vendor Advisory", "Third Party Advisory", "Release Notes", "Exploit"], rng.randint(1, 2))
        result["references"].append(link)
    # NVD gives every link twice when CISA's container repeats it.
    if rng.random() < 0.6:
        result["references"] += [{**link, "source": "af854a3a-2127-422b-91ae-364da2661108"} for link in result["references"]]
    return {"cve": result}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--records", type=int, default=300_000)
    arguments.add_argument("--years", type=int, default=15, help="files, one a year, up to 2026")
    arguments.add_argument("--out", type=pathlib.Path, required=True)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--gzip", action="store_true")
    chosen = arguments.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    years = range(2026 - chosen.years + 1, 2027)
    size, left = 0, chosen.records
    for place, year in enumerate(years):
        count = left // (len(years) - place)
        left -= count
        rng = random.Random(f"{chosen.seed}/{year}")
        path = chosen.out / f"nvdcve-2.0-{year}.json{'.gz' if chosen.gzip else ''}"
        # Without a name and a time in its head, so that a seed gives the same bytes.
        raw = path.open("wb")
        packed = gzip.GzipFile("", "wb", 6, raw, mtime=0) if chosen.gzip else raw
        with raw, packed, io.TextIOWrapper(packed, encoding="utf-8") as out:
            out.write(f'{{"resultsPerPage":{count},"startIndex":0,"totalResults":{count},"format":"NVD_CVE","version":"2.0","timestamp":"2026-11-20T03:00:00.000","vulnerabilities":[')
            for number in range(count):
                text = json.dumps(record(rng, year, 1000 + number), ensure_ascii=False, separators=(",", ":"))
                size += len(text)
                out.write(("," if number else "") + text)
            out.write("]}")
    print(f"{chosen.records} records of {size / max(chosen.records, 1) / 1000:.1f} kB on average in {len(years)} files: {chosen.out}")


if __name__ == "__main__":
    main()
