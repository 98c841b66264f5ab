"""Kernel starts in numbers; called by environment/tests/starts.

    starts.py COUNT BUSY
"""
import multiprocessing
import os
import resource
import statistics
import sys
import time

from jupyter_client.manager import start_new_kernel

READY_SECONDS = 2.5
CELL_SECONDS = 6.0
PATIENCE = 120
CELL = """
import memoria.diffusion.*;
import memoria.models.*;
var model = Models.denoiser("fashion-heavy");
var images = Ddim.steps(2).sample(model, Seeds.range(0, 4)).images();
System.out.println(images.count() + " sampled");
"""


def spin():
    while True:
        pass


def start():
    """One kernel: seconds until it answers, of its first cell, of processor time; raises if either does not come."""
    used = spent()
    began = time.monotonic()
    manager, client = start_new_kernel(startup_timeout=PATIENCE, kernel_name="java", cwd=os.path.join(os.getcwd(), "notebooks"))
    ready = time.monotonic() - began
    try:
        printed = []

        def hear(message):
            if message["msg_type"] == "stream":
                printed.append(message["content"]["text"])

        reply = client.execute_interactive(CELL, timeout=PATIENCE, output_hook=hear)
        cell = time.monotonic() - began - ready
        if reply["content"]["status"] != "ok" or "4 sampled" not in "".join(printed):
            raise RuntimeError("the first cell answered %s, printed %r" % (reply["content"], printed))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return ready, cell, spent() - used


def spent():
    """Processor time of the processes that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def tail(values):
    return sorted(values)[int(0.95 * (len(values) - 1))]


def row(name, values, target=None):
    print("%-11s min %5.2f s   median %5.2f s   95%% %5.2f s   max %5.2f s%s"
          % (name, min(values), statistics.median(values), tail(values), max(values), "   (target %.1f s)" % target if target else ""))


def main():
    count, busy = int(sys.argv[1]), int(sys.argv[2])
    load = [multiprocessing.Process(target=spin, daemon=True) for _ in range(busy)]
    for process in load:
        process.start()
    times, failures = [], []
    try:
        for number in range(1, count + 1):
            try:
                times.append(start())
            except Exception as error:
                failures.append("start %d: %s: %s" % (number, type(error).__name__, error))
                print(failures[-1], flush=True)
            if number % 10 == 0:
                print("  %d of %d, %d failed, load %.1f" % (number, count, len(failures), os.getloadavg()[0]), flush=True)
    finally:
        for process in load:
            process.terminate()
    print("%d starts beside %d busy processes on %d processors: %d failed" % (count, busy, os.cpu_count(), len(failures)))
    if not times:
        return 1
    ready, cell, processor = zip(*times)
    row("ready", ready, READY_SECONDS)
    row("first cell", cell, CELL_SECONDS)
    row("CPU of both", processor)
    slow = tail(ready) > READY_SECONDS or tail(cell) > CELL_SECONDS
    return 1 if failures or slow else 0


if __name__ == "__main__":
    sys.exit(main())
