"""The protocol tests of Jupyter's own suite (Debian: python3-jupyter-kernel-test), run on our kernel, and what that suite leaves out.

    JUPYTER_PATH=build/jupyter python3 -m unittest -v kernel_conformance
"""
import hashlib
import http.server
import json
import os
import re
import tempfile
import threading
import time
import unittest

import jupyter_kernel_test
from jupyter_client.utils import run_sync

KERNEL = os.environ.get("KERNEL", "java")
PATIENCE = 90
TRIES = 3
jupyter_kernel_test.TIMEOUT = PATIENCE


def slowness():
    """How many times longer than alone a process takes now, beside everything else that runs on this machine; at least 1."""
    wall, used = time.monotonic(), time.process_time()
    while time.process_time() - used < 0.05:
        pass
    share = (time.monotonic() - wall) / (time.process_time() - used)
    return max(1.0, share, os.getloadavg()[0] / os.cpu_count())


class Conformance(jupyter_kernel_test.KernelTests):
    """The suite itself."""

    kernel_name = KERNEL
    language_name = "java"
    file_extension = ".jshell"
    code_hello_world = 'System.out.println("hello, world")'
    code_stderr = 'System.err.println("oops")'
    completion_samples = [
        {"text": "Strin"},
        {"text": "System.out.printl", "matches": {"println("}},
        {"text": '"abc".leng', "matches": {"length()"}},
    ]
    complete_code_samples = [
        "1+1",
        "int x = 3;",
        "int x = 3; int y = 4",
        "for (int i=0;i<3;i++) { }",
        "class A { int x; }",
        'String t = """\n  a\n  """;',
        "// only a comment",
        "",
    ]
    incomplete_code_samples = ["for (int i=0;i<3;i++) {", "class A {", "foo(1,", '"""\nabc', "int x = 3; if (x > 2) {"]
    invalid_code_samples = ["int 1x = ;", "import;;; )"]
    code_generate_error = 'throw new RuntimeException("boom")'
    code_execute_result = [
        {"code": "1+2", "result": "3"},
        {"code": '"a"+1', "result": "a1"},
        {"code": "var v = List.of(1,2); v", "result": "[1, 2]"},
        {"code": "6*7;", "result": "42"},
    ]
    code_display_data = [
        {
            "code": "display(new java.awt.image.BufferedImage(20,20,java.awt.image.BufferedImage.TYPE_INT_RGB));",
            "mime": "image/png",
        },
        {"code": 'display("text");', "mime": "text/plain"},
    ]
    code_inspect_sample = "System.out.println"
    supported_history_operations = ("tail", "range", "search")
    code_history_pattern = "1?2*"


class Session(unittest.TestCase):
    """One kernel for a class of tests."""

    @classmethod
    def setUpClass(cls):
        cls.km, cls.kc = jupyter_kernel_test.start_new_kernel(kernel_name=KERNEL)

    @classmethod
    def tearDownClass(cls):
        cls.kc.stop_channels()
        cls.km.shutdown_kernel()

    def reply(self, msg_id, timeout=PATIENCE):
        end = time.time() + timeout
        while True:
            reply = self.kc.get_shell_msg(timeout=max(0.1, end - time.time()))
            if reply["parent_header"].get("msg_id") == msg_id:
                return reply

    def outputs(self, msg_id, timeout=PATIENCE):
        """What a request published, up to the message that it has ended."""
        found, end = [], time.time() + timeout
        while True:
            message = run_sync(self.kc.iopub_channel.get_msg)(timeout=max(0.1, end - time.time()))
            parent = message["parent_header"]
            # The manager that interrupts counts its messages by itself: its numbers may be ours.
            if parent.get("msg_id") != msg_id or parent["msg_type"] == "interrupt_request":
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return found
            found.append(message)

    def run_cell(self, code, **options):
        msg_id = self.kc.execute(code, **options)
        reply = self.reply(msg_id)
        return reply["content"], self.outputs(msg_id)

    def ok(self, code):
        content, outputs = self.run_cell(code)
        self.assertEqual(content["status"], "ok", content)
        return outputs

    @staticmethod
    def text(outputs, name="stdout"):
        return "".join(m["content"]["text"] for m in outputs if m["msg_type"] == "stream" and m["content"]["name"] == name)


class Cells(Session):
    def test_unicode_survives(self):
        self.assertIn("żółć 漢字 😀 λ", self.text(self.ok('System.out.println("żółć 漢字 😀 λ")')))

    def test_twenty_thousand_lines_arrive_in_order(self):
        printed = self.text(self.ok("for (int i = 0; i < 20000; i++) System.out.println(i)"))
        self.assertEqual(printed.split(), [str(i) for i in range(20000)])

    def test_output_and_errors_keep_their_order(self):
        outputs = self.ok('System.out.print("a"); System.err.print("b"); System.out.print("c");')
        streams = [(m["content"]["name"], m["content"]["text"]) for m in outputs if m["msg_type"] == "stream"]
        self.assertEqual(streams, [("stdout", "a"), ("stderr", "b"), ("stdout", "c")])

    def test_text_printed_before_a_display_comes_before_it(self):
        outputs = self.ok('System.out.print("before"); display("shown"); System.out.print("after");')
        kinds = [m["msg_type"] for m in outputs if m["msg_type"] in ("stream", "display_data")]
        self.assertEqual(kinds, ["stream", "display_data", "stream"])

    def test_null_is_no_result(self):
        outputs = self.ok("String nothing = null; nothing")
        self.assertEqual([m for m in outputs if m["msg_type"] == "execute_result"], [])

    def test_a_compile_error_shows_the_line(self):
        content, _ = self.run_cell('int fine = 1;\nint wrong = "s";')
        self.assertEqual(content["status"], "error")
        self.assertEqual(content["ename"], "CompilationError")
        self.assertIn('line 2', content["traceback"][0])
        self.assertIn('int wrong = "s";', "\n".join(content["traceback"]))

    def test_a_trace_shows_the_readers_lines_and_the_cause(self):
        self.ok('int half(int x) {\n  if (x % 2 != 0)\n    throw new IllegalStateException("odd", new java.io.IOException("deep"));\n  return x / 2;\n}')
        content, _ = self.run_cell("int a = 4;\nhalf(a);\nhalf(a + 1)")
        trace = "\n".join(content["traceback"])
        self.assertEqual(content["ename"], "IllegalStateException")
        self.assertIn("line 3   | throw new IllegalStateException", trace)
        self.assertIn("line 3   | half(a + 1)", trace)
        self.assertIn("Caused by: java.io.IOException: deep", trace)
        self.assertNotIn("memoria.kernel", trace)
        self.assertNotIn("REPL", trace)

    def test_silent_requests_leave_no_trace(self):
        _, before = self.run_cell("1")
        content, outputs = self.run_cell('System.out.println("x"); 5', silent=True, store_history=False)
        self.assertEqual(content["status"], "ok")
        self.assertEqual([m["msg_type"] for m in outputs if m["msg_type"] != "status"], [])
        after, _ = self.run_cell("2")
        counts = [m["content"]["execution_count"] for m in before if m["msg_type"] == "execute_input"]
        self.assertEqual(after["execution_count"], counts[0] + 1)

    def test_cells_queued_behind_a_failure_do_not_run(self):
        ids = [self.kc.execute(code) for code in ("int ran = 0;", 'throw new Error("stop here")', "ran = 1;", "ran = 2;")]
        states = [self.reply(i)["content"]["status"] for i in ids]
        self.assertEqual(states, ["ok", "error", "aborted", "aborted"])
        time.sleep(0.5)
        outputs = self.ok("ran")
        results = [m["content"]["data"]["text/plain"] for m in outputs if m["msg_type"] == "execute_result"]
        self.assertEqual(results, ["0"])

    def test_input_is_asked_for(self):
        msg_id = self.kc.execute("new Scanner(System.in).nextLine()", allow_stdin=True)
        request = self.kc.get_stdin_msg(timeout=PATIENCE)
        self.assertEqual(request["msg_type"], "input_request")
        self.kc.input("typed")
        self.assertEqual(self.reply(msg_id)["content"]["status"], "ok")
        results = [m["content"]["data"]["text/plain"] for m in self.outputs(msg_id) if m["msg_type"] == "execute_result"]
        self.assertEqual(results, ["typed"])

    def test_javadoc_of_the_library_is_shown(self):
        self.ok("import memoria.torch.Scalars;")
        msg_id = self.kc.inspect("Scalars", 3)
        reply = self.reply(msg_id)["content"]
        self.assertTrue(reply["found"])
        self.assertGreater(len(reply["data"]["text/plain"].splitlines()), 2, reply["data"])

    def test_the_classpath_grows_by_magics(self):
        content, _ = self.run_cell("%jars /no/such/folder/x.jar")
        self.assertEqual(content["ename"], "MagicError")

    def test_time_is_told(self):
        outputs = self.ok("%%time\nThread.sleep(20);\n41 + 1")
        self.assertRegex(self.text(outputs), r"time: \d+\.\d+ s")
        self.assertEqual([m["content"]["data"]["text/plain"] for m in outputs if m["msg_type"] == "execute_result"], ["42"])

    def test_all_cells_run_on_one_thread(self):
        ids = []
        for _ in range(3):
            outputs = self.ok("Thread.currentThread().getId()")
            ids += [m["content"]["data"]["text/plain"] for m in outputs if m["msg_type"] == "execute_result"]
        self.assertEqual(len(set(ids)), 1)


class Stopping(Session):
    """Cells that are interrupted. How fast they end is measured on a machine that may do other things: see the limit."""

    def begun(self, msg_id, sign, timeout=PATIENCE):
        """Waits until the cell has shown a sign of what is to be interrupted."""
        end = time.time() + timeout
        while True:
            message = run_sync(self.kc.iopub_channel.get_msg)(timeout=max(0.1, end - time.time()))
            if message["parent_header"].get("msg_id") == msg_id and sign(message):
                return

    def interrupted(self, code, sign):
        """Interrupts a cell once it has begun; returns its reply, what it published then, and the seconds it took to end."""
        msg_id = self.kc.execute(code)
        self.begun(msg_id, sign)
        start = time.monotonic()
        self.km.interrupt_kernel()
        reply = self.reply(msg_id)
        seconds = time.monotonic() - start
        outputs = self.outputs(msg_id)
        self.assertEqual(self.run_cell('"alive"')[0]["status"], "ok")
        return reply["content"], outputs, seconds

    def fastest(self, attempt, within):
        """Attempts until one ends in time, at most TRIES times: a machine that was busy at one moment says nothing of the kernel."""
        told = []
        for _ in range(TRIES):
            before = slowness()
            result, seconds = attempt()
            limit = within * max(before, slowness())
            if seconds < limit:
                return result
            told.append("%.2f s, with a limit of %.2f s" % (seconds, limit))
        self.fail("the interrupted cell ended too late, each time: " + "; ".join(told))

    def says(self, message, text="begun"):
        return message["msg_type"] == "stream" and text in message["content"]["text"]

    def stops(self, code, within):
        def attempt():
            content, outputs, seconds = self.interrupted('System.out.println("begun");\n' + code, self.says)
            self.assertEqual((content["status"], content["ename"]), ("error", "Interrupted"))
            return (content, outputs), seconds

        return self.fastest(attempt, within)

    def text_result(self, code):
        return [m["content"]["data"]["text/plain"] for m in self.ok(code) if m["msg_type"] == "execute_result"][0]


class Interrupts(Stopping):
    def test_sleep(self):
        self.stops("Thread.sleep(60000)", 1)

    def test_sleep_again(self):
        self.stops("Thread.sleep(60000)", 1)

    def test_busy_loop(self):
        self.stops("long z = 0; for (long i = 0; i < 400_000_000_000L; i++) { z += i * z; }", 3)

    def test_busy_loop_in_a_method_of_an_earlier_cell(self):
        self.ok("class Spinner { static long spin() { long n = 0; while (n >= 0) n = (n + 1) & 1023; return n; } }")
        self.stops("Spinner.spin()", 3)

    def test_printing_loop(self):
        self.stops('while (true) { System.out.println("again"); }', 3)

    def test_display_loop(self):
        self.stops('while (true) { display("again"); Thread.onSpinWait(); }', 3)

    def test_waiting_for_input(self):
        msg_id = self.kc.execute("new Scanner(System.in).nextLine()", allow_stdin=True)
        self.kc.get_stdin_msg(timeout=PATIENCE)
        self.km.interrupt_kernel()
        self.assertEqual(self.reply(msg_id)["content"]["status"], "error")
        time.sleep(0.5)
        self.assertEqual(self.run_cell("1")[0]["status"], "ok")

    def test_code_that_answers_the_interrupt_keeps_its_partial_result(self):
        self.ok("int steps = 0;")
        code = 'while (!Thread.currentThread().isInterrupted()) { if (steps++ == 0) System.out.println("begun"); Thread.onSpinWait(); }\nsteps > 0'

        def attempt():
            self.ok("steps = 0;")
            content, _, seconds = self.interrupted(code, self.says)
            return content, seconds

        content = self.fastest(attempt, 1)
        self.assertEqual(content["ename"], "Interrupted")
        self.assertNotEqual(self.text_result("steps"), "0")

    def test_an_interrupt_between_cells_harms_nothing(self):
        self.km.interrupt_kernel()
        time.sleep(0.3)
        self.assertEqual(self.text_result("3 + 4"), "7")

    def test_many_interrupts_while_printing_leave_the_sockets_alive(self):
        for _ in range(5):
            msg_id = self.kc.execute('while (true) System.out.println("line");')
            self.begun(msg_id, lambda message: self.says(message, "line"))
            for _ in range(5):
                self.km.interrupt_kernel()
                time.sleep(0.01)
            self.reply(msg_id)
            self.outputs(msg_id)
            time.sleep(0.5)
        self.assertEqual(self.text_result("1 + 1"), "2")


class Trickle(http.server.BaseHTTPRequestHandler):
    """Half of a file at once, the other half a byte at a time: a download that would take hours."""

    FILE = bytes(range(256)) * 400

    def do_GET(self):
        first = int((self.headers.get("Range") or "bytes=0-").split("=")[1].split("-")[0])
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", "bytes %d-%d/%d" % (first, len(self.FILE) - 1, len(self.FILE)))
        self.send_header("Content-Length", str(len(self.FILE) - first))
        self.end_headers()
        half = max(first, len(self.FILE) // 2)
        try:
            self.wfile.write(self.FILE[first:half])
            for at in range(half, len(self.FILE)):
                time.sleep(0.05)
                self.wfile.write(self.FILE[at:at + 1])
        except OSError:
            pass

    def log_message(self, *arguments):
        pass


class LongWork(Stopping):
    """What takes long in this library stops within a second, keeps what it had, and the next cell runs alone."""

    IMPORTS = """
import java.nio.file.*;
import java.time.Duration;
import memoria.data.*;
import memoria.diffusion.*;
import memoria.models.*;
import memoria.network.*;
import memoria.training.*;
"""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = tempfile.TemporaryDirectory()
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Trickle)
        cls.server.daemon_threads = True
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        reply = cls.kc.execute_interactive(cls.IMPORTS, timeout=PATIENCE)
        assert reply["content"]["status"] == "ok", reply["content"]

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.server.shutdown()
        cls.server.server_close()
        cls.folder.cleanup()

    @staticmethod
    def done(least):
        """A sign: the progress bar shows that so many units are done."""

        def sign(message):
            text = message["content"].get("data", {}).get("text/plain", "")
            counts = re.search(r"% (\d+)/\d", text)
            return counts is not None and int(counts.group(1)) >= least

        return sign

    def test_a_sampler_keeps_the_batches_it_has(self):
        self.ok('var model = Models.denoiser("fashion-heavy");\nvar sampler = Ddim.steps(20).batch(8);\nSamples drawn = null;')

        def attempt():
            content, _, seconds = self.interrupted("drawn = sampler.sample(model, Seeds.range(0, 8000));", self.done(25))
            return content, seconds

        self.fastest(attempt, 1)
        self.assertEqual(self.text_result("!drawn.complete() && drawn.images().count() > 0 && drawn.images().count() < 8000"), "true")
        again = "java.util.Arrays.equals(drawn.images().pixels(0), sampler.sample(model, Seeds.range(0, 8)).images().pixels(0))"
        self.assertEqual(self.text_result(again), "true")

    def test_a_training_keeps_its_steps_and_goes_on(self):
        self.ok(
            "var points = new VonMisesMixture(1.5, Math.PI / 2, 0.15).sample(100, 0);\n"
            "var network = new MlpConfig(2, List.of(32), 16, 0.05);\n"
            'var state = Path.of("%s", "state");\n' % self.folder.name
            + "Training training(int steps) { return new Training(points, network, NoiseSchedule.linear(1000), Recipe.steps(steps).optBatch(50)); }"
        )

        def attempt():
            content, _, seconds = self.interrupted("training(1_000_000).run(state).close();", self.done(1))
            self.assertEqual((content["status"], content["ename"]), ("error", "Interrupted"))
            self.assertRegex(content["evalue"], r"Kept: step [1-9]\d* in .*state")
            return int(content["evalue"].split("Kept: step ")[1].split()[0]), seconds

        kept = self.fastest(attempt, 1)
        outputs = self.ok("training(%d).run(state).close();" % (kept + 5))
        last = [m["content"]["data"]["text/plain"] for m in outputs if m["msg_type"] == "update_display_data"][-1]
        self.assertIn("%d/%d" % (kept + 5, kept + 5), last)

    def test_a_download_keeps_what_arrived_and_goes_on(self):
        manifest = {
            "name": "trickle", "kind": "data", "title": "A file that comes slowly", "licence": "none", "terms": "Tests only.",
            "files": [{
                "name": "file", "mirrors": ["http://127.0.0.1:%d/file" % self.server.server_port],
                "bytes": len(Trickle.FILE), "sha256": hashlib.sha256(Trickle.FILE).hexdigest(),
            }],
        }
        own = os.path.join(self.folder.name, "own")
        os.mkdir(own)
        with open(os.path.join(own, "trickle.json"), "w") as file:
            json.dump(manifest, file)
        self.ok(
            'System.setProperty("memoria.manifests", "%s");\nSystem.setProperty("memoria.cache", "%s");\n' % (own, self.folder.name)
            + 'var part = Path.of("%s", "trickle", "file.part");' % self.folder.name
        )

        def attempt():
            content, _, seconds = self.interrupted('Manifests.fetch("trickle");', self.done(len(Trickle.FILE) // 2))
            self.assertEqual((content["status"], content["ename"]), ("error", "Interrupted"))
            self.assertRegex(content["evalue"], r"Kept: \d+ of %d bytes in .*part" % len(Trickle.FILE))
            return content, seconds

        self.fastest(attempt, 1)
        self.assertGreaterEqual(int(self.text_result("Files.size(part)")), len(Trickle.FILE) // 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
