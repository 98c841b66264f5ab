"""Executes notebooks with progress, keeps the results as notebooks and as HTML, and compares their claims with the expected verdicts.

Called by environment/run, which sets up everything it needs. A notebook that fails is written too, with the error in it, under another name.
"""
import argparse
import asyncio
import errno
import json
import os
import re
import shutil
import sys
import time

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbconvert import HTMLExporter

CLAIMS = "application/vnd.memoria.claims+json"
ANSI = re.compile(r"\x1b\[[0-9;]*m")
QUIET_SECONDS = 5


class Console:
    """Lines on the terminal, the last of which may be rewritten; without a terminal, a line now and then."""

    def __init__(self):
        self.live = sys.stdout.isatty()
        self.shown = ""
        self.told = 0.0

    def line(self, text=""):
        self.clear()
        print(text, flush=True)
        self.told = time.time()

    def status(self, text):
        text = " ".join(ANSI.sub("", text).split())
        if self.live:
            self.clear()
            self.shown = text[: shutil.get_terminal_size().columns - 1]
            print(self.shown, end="", flush=True)
        elif time.time() - self.told >= QUIET_SECONDS:
            print("      " + text[:120], flush=True)
            self.told = time.time()

    def clear(self):
        if self.shown:
            print("\r" + " " * len(self.shown) + "\r", end="", flush=True)
            self.shown = ""


class Runner(NotebookClient):
    """Tells what happens while cells run."""

    def follow(self, console, settle):
        self.console = console
        self.settle = settle
        self.total = sum(1 for c in self.nb.cells if c.cell_type == "code" and c.source.strip())
        self.done = 0
        self.partial = ""

    def begin(self, cell):
        self.done += 1
        self.began = time.time()
        self.title = next((line.strip() for line in cell.source.splitlines() if line.strip() and not line.startswith("import ")), "imports")
        self.console.status(self.label() + self.title)

    def label(self):
        return "[%d/%d] %5.1f s  " % (self.done, self.total, time.time() - self.began)

    def end(self):
        self.flush()
        self.console.line("  " + self.label() + self.title[:80])

    def flush(self):
        if self.partial.strip():
            self.console.line("      " + self.partial.rstrip())
        self.partial = ""

    async def async_start_new_kernel_client(self, **options):
        if self.settle:
            await self.until_it_listens()
            await asyncio.sleep(self.settle)
        return await super().async_start_new_kernel_client(**options)

    async def until_it_listens(self):
        """Returns when the kernel's shell port takes connections, or when its time to start is over."""
        deadline = time.time() + self.startup_timeout
        while time.time() < deadline:
            try:
                _, connection = await asyncio.open_connection(self.km.ip, self.km.shell_port)
                connection.close()
                return
            except OSError:
                await asyncio.sleep(0.2)

    async def async_execute_cell(self, cell, cell_index, **options):
        runs = cell.cell_type == "code" and bool(cell.source.strip())
        if runs:
            self.begin(cell)
        result = await super().async_execute_cell(cell, cell_index, **options)
        if runs:
            self.end()
        return result

    def process_message(self, msg, cell, cell_index):
        content = msg["content"]
        if msg["msg_type"] == "stream":
            *lines, self.partial = (self.partial + content["text"]).split("\n")
            for line in lines:
                self.console.line("      " + line.split("\r")[-1])
        elif msg["msg_type"] in ("display_data", "update_display_data"):
            text = content.get("data", {}).get("text/plain", "")
            if len(text.splitlines()) == 1:
                self.console.status(self.label() + text)
        return super().process_message(msg, cell, cell_index)


def write(path, text):
    """Writes a file that is whole whenever it is there."""
    part = path + ".part"
    try:
        with open(part, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        os.replace(part, path)
    except OSError as error:
        error.filename = path
        raise


def tidy(notebook):
    """One output per run of printed text, and nothing that differs from run to run without a reason."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.metadata.pop("execution", None)
        joined = []
        for output in cell.outputs:
            last = joined[-1] if joined else None
            if output.output_type == "stream" and last is not None and last.output_type == "stream" and last.name == output.name:
                last.text += output.text
            else:
                joined.append(output)
        cell.outputs = joined
    notebook.metadata.get("language_info", {}).pop("version", None)
    return notebook


def claims(notebook):
    """The claims table that a notebook published last, or None."""
    found = None
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {}).get(CLAIMS)
            if data is not None:
                found = json.loads(data) if isinstance(data, str) else data
    return found


def differences(notebook, path):
    """How the claims of an executed notebook differ from the verdicts committed beside its source."""
    expected_path = os.path.splitext(path)[0] + ".verdicts.json"
    table = claims(notebook)
    if table is None:
        return ["it published no claims table"]
    if not os.path.exists(expected_path):
        return ["there is no %s to compare its claims with" % os.path.basename(expected_path)]
    with open(expected_path, encoding="utf-8") as file:
        expected = json.load(file)
    measured = {claim["claim"]: claim for claim in table["claims"]}
    found = []
    for claim, verdict in expected.items():
        now = measured.get(claim)
        if now is None:
            found.append('"%s": expected "%s", but the notebook no longer makes this claim' % (claim, verdict))
        elif now["verdict"] != verdict:
            found.append('"%s": expected "%s", is "%s" (measured %s)' % (claim, verdict, now["verdict"], now.get("measured", "?")))
    for claim in measured:
        if claim not in expected:
            found.append('"%s": no verdict is expected; is "%s"' % (claim, measured[claim]["verdict"]))
    return found


def html(notebook):
    exporter = HTMLExporter()
    exporter.exclude_input_prompt = False
    return exporter.from_notebook_node(notebook)[0]


def save(notebook, stem):
    tidy(notebook)
    write(stem + ".ipynb", nbformat.writes(notebook) + "\n")
    write(stem + ".html", html(notebook))


def execute(path, options, console):
    """Runs one notebook; returns whether it went as it should."""
    name = os.path.splitext(os.path.basename(path))[0]
    stem = os.path.join(options.output, name)
    console.line("%s (profile %s)" % (path, os.environ.get("MEMORIA_PROFILE", "quick")))
    notebook = nbformat.read(path, as_version=4)
    kernel = options.kernel or "java"
    runner = Runner(
        notebook,
        kernel_name=kernel,
        timeout=None,
        startup_timeout=options.startup,
        record_timing=False,
        resources={"metadata": {"path": os.path.dirname(os.path.abspath(path))}},
    )
    runner.follow(console, options.settle)
    start = time.time()
    try:
        runner.execute()
    except CellExecutionError as error:
        runner.flush()
        cell = next((c for c in notebook.cells if any(o.output_type == "error" for o in c.get("outputs", []))), None)
        console.line("\nFAILED in cell %d of %d after %.1f s:\n" % (runner.done, runner.total, time.time() - start))
        if cell is not None:
            for line in cell.source.splitlines():
                console.line("    " + line)
            trace = next(o for o in cell.outputs if o.output_type == "error")
            console.line()
            for line in trace.traceback or [trace.ename + ": " + trace.evalue]:
                console.line("  " + (line if console.live else ANSI.sub("", line)))
        else:
            console.line(str(error))
        save(notebook, stem + ".failed")
        console.line("\n  what ran is in %s.failed.html" % stem)
        return False
    except (DeadKernelError, RuntimeError, TimeoutError) as error:
        console.line("\nFAILED: the kernel did not start or ended (%s)." % (str(error) or type(error).__name__))
        console.line("  Out of memory is the usual reason; MEMORIA_HEAP sets the heap of the Java process (now %s)." % os.environ.get("MEMORIA_HEAP", "4g"))
        return False
    for failed in (stem + ".failed.ipynb", stem + ".failed.html"):
        if os.path.exists(failed):
            os.remove(failed)
    save(notebook, stem)
    if options.in_place:
        notebook.metadata["kernelspec"] = {"display_name": "Java", "language": "java", "name": "java"}
        write(path, nbformat.writes(notebook) + "\n")
    console.line("  done in %.1f s: %s.html and .ipynb%s" % (time.time() - start, stem, "; updated " + path if options.in_place else ""))
    if options.check:
        wrong = differences(notebook, path)
        for line in wrong:
            console.line("  VERDICT " + line)
        return not wrong
    return True


def unwritable(error):
    """What an error of the file system means for the reader."""
    place = error.filename or "a file"
    if error.errno == errno.ENOSPC:
        return "the disk is full: %s could not be written. Free some space; environment/doctor says how much is left where." % place
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "%s cannot be written to. Give this user the right to; JUPYTER_RUNTIME_DIR moves Jupyter's own files." % place
    return str(error)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*")
    parser.add_argument("--output", required=True, help="folder of the executed notebooks")
    parser.add_argument("--kernel", help="name of an installed kernel")
    parser.add_argument("--in-place", action="store_true", help="also update the notebooks themselves")
    parser.add_argument("--check", action="store_true", help="run all, compare the claims with the committed verdicts")
    parser.add_argument("--startup", type=int, default=120, help="seconds that a kernel may take to start")
    parser.add_argument("--settle", type=float, default=0, help="seconds to leave a kernel alone once it listens, before the first request")
    options = parser.parse_args()
    console = Console()
    passed = failed = 0
    for path in options.notebooks:
        try:
            os.makedirs(options.output, exist_ok=True)
            well = execute(path, options, console)
        except OSError as error:
            console.line("\nFAILED: " + unwritable(error))
            well = False
        if well:
            passed += 1
        else:
            failed += 1
            if not options.check:
                break
    if options.check:
        console.line("%d passed, %d failed" % (passed, failed))
    return 1 if failed or (options.check and not passed) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        sys.exit(130)
