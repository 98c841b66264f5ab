"""Kernel starts in numbers; called by environment/tests/starts.

    starts.py COUNT BUSY
"""
import multiprocessing
import os
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
    """One kernel: seconds until it answers, seconds of its first cell; raises if either does not come."""
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
        return ready, cell
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def row(name, values, target):
    ordered = sorted(values)
    print("%-11s min %5.2f s   median %5.2f s   95%% %5.2f s   max %5.2f s   (target: median %.1f s)"
          % (name, ordered[0], statistics.median(ordered), ordered[int(0.95 * (len(ordered) - 1))], ordered[-1], target))


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
    ready, cell = zip(*times)
    row("ready", ready, READY_SECONDS)
    row("first cell", cell, CELL_SECONDS)
    slow = statistics.median(ready) > READY_SECONDS or statistics.median(cell) > CELL_SECONDS
    return 1 if failures or slow else 0


if __name__ == "__main__":
    sys.exit(main())
