"""A detector of others, for bench/versus/inspect_peers: peer.py presidio|detect-secrets FILE.

FILE has a JSON object in each line: for presidio {"text"}; for detect-secrets {"path"}, of a file. First what is found
in each of them is printed, a line of JSON for each; then for each number of seconds on standard input one line: how
many bytes were searched, and the processor time that took. No network is used.
"""

import json
import os
import sys
import time

# Of public suffixes there is a list in the package; what it would fetch is a newer one.
os.environ["TLDEXTRACT_PUBLIC_SUFFIX_LIST_URLS"] = ""


def presidio():
    """Presidio's recognizers for English, over a blank spaCy pipeline: words are told apart, a word's lemma is the word
    itself in lower case, and no names are recognised."""
    import spacy
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    @spacy.Language.component("lower_case_lemmas")
    def lower_case_lemmas(doc):
        for token in doc:
            token.lemma_ = token.lower_
        return doc

    class Blank(SpacyNlpEngine):
        def load(self):
            self.nlp = {"en": spacy.blank("en")}
            self.nlp["en"].add_pipe("lower_case_lemmas")

    # The threshold with which Presidio is evaluated by its own makers (presidio-research).
    analyzer = AnalyzerEngine(nlp_engine=Blank(), supported_languages=["en"], default_score_threshold=0.4)

    def find(line):
        return [{"kind": found.entity_type, "start": found.start, "end": found.end, "confidence": found.score}
                for found in analyzer.analyze(line["text"], language="en")]

    return find, lambda line: len(line["text"].encode())


def detect_secrets():
    """All plugins and filters, as without a configuration, but for those that ask a provider whether a secret works."""
    from detect_secrets.core import scan
    from detect_secrets.settings import default_settings

    settings = default_settings()
    settings.__enter__()

    def find(line):
        return [{"kind": found.type, "line": found.line_number, "value": found.secret_value}
                for found in scan.scan_file(line["path"])]

    find.settings = settings  # they hold as long as this lives
    return find, lambda line: os.path.getsize(line["path"])


def main():
    find, size = {"presidio": presidio, "detect-secrets": detect_secrets}[sys.argv[1]]()
    with open(sys.argv[2], encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    for line in lines:
        print(json.dumps(find(line)))
    sys.stdout.flush()
    sizes = [size(line) for line in lines]
    for wanted in sys.stdin:
        # All of them as often as it takes: a part would be other texts.
        passes, began, cpu = 0, time.monotonic(), time.process_time()
        while passes == 0 or time.monotonic() - began < float(wanted):
            for line in lines:
                find(line)
            passes += 1
        print(json.dumps({"bytes": passes * sum(sizes), "cpu_s": time.process_time() - cpu}), flush=True)


if __name__ == "__main__":
    main()
