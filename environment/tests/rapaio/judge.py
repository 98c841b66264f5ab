"""Whether notebooks that ran on another kernel showed what they show on ours, and whether their sources name no kernel.

    judge.py FOLDER_OF_EXECUTED_NOTEBOOKS NOTEBOOK...
"""
import json
import os
import re
import sys

import nbformat

CLAIMS = "application/vnd.memoria.claims+json"
KERNELS = re.compile(r"\b(ijava|jjava|rapaio|memoria\.kernel)\b", re.IGNORECASE)


def faults(source, executed):
    """What is wrong, in words."""
    if source.metadata.kernelspec.name != "java":
        yield "its kernel is %s instead of java" % source.metadata.kernelspec.name
    for number, cell in enumerate(source.cells, 1):
        named = KERNELS.search(cell.source)
        if cell.cell_type == "code" and named:
            yield "cell %d names a kernel: %s" % (number, named.group())
        if cell.cell_type == "code" and re.search(r"^\s*%", cell.source, re.MULTILINE):
            yield "cell %d uses a magic" % number
    bundles = [output.data for cell in executed.cells for output in cell.get("outputs", []) if "data" in output]
    pictures = sum("image/png" in data for data in bundles)
    if not pictures:
        yield "no picture was shown"
    tables = [data["text/html"] for data in bundles if "<table" in data.get("text/html", "")]
    if not tables:
        yield "no table was shown"
    found = [data[CLAIMS] for data in bundles if CLAIMS in data]
    if not found:
        yield "no claims were published"
    else:
        claims = json.loads(found[-1]) if isinstance(found[-1], str) else found[-1]
        missing = [claim["claim"] for claim in claims["claims"] if not any(escaped(claim["claim"]) in table for table in tables)]
        if missing:
            yield "the table does not show the claims %s" % missing
    if not any("memoria-progress" in data.get("text/html", "") for data in bundles):
        yield "no progress was shown"


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def main():
    folder, *notebooks = sys.argv[1:]
    bad = 0
    for path in notebooks:
        source = nbformat.read(path, as_version=4)
        executed = nbformat.read(os.path.join(folder, os.path.basename(path)), as_version=4)
        for fault in faults(source, executed):
            print("%s: %s" % (path, fault))
            bad += 1
    if not bad:
        print("%d notebook(s) show there what they show on our kernel" % len(notebooks))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
