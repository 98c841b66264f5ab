"""Starts the kernel once, has it do what first cells do, and keeps the classes that this loaded in an archive for later starts.

    rehearse.py FOLDER_OF_THE_KERNELSPEC

Called by environment/run setup. The kernelspec names the archive once it is there: an archive that is missing costs Java its own as well.
"""
import json
import os
import sys

from jupyter_client.manager import KernelManager

PATIENCE = 300
CELLS = [
    """
import memoria.diffusion.*;
import memoria.models.*;
import memoria.notebook.*;
import memoria.similarity.*;
var model = Models.denoiser("fashion-heavy");
var images = Ddim.steps(2).sample(model, Seeds.range(0, 4)).images();
""",
    """
var parameters = Parameters.of("rehearsal");
int count = parameters.count("count", 1);
parameters.show();
Show.grid(images).show();
Show.kde("x", Series.of("unseen real", 1, 2, 3)).mark(2, "limit").show();
""",
]


def record(archive):
    manager = KernelManager(kernel_name="java")
    # Java writes the archive when it ends, which takes seconds.
    manager.shutdown_wait_time = PATIENCE
    manager.start_kernel(cwd="notebooks", env=dict(os.environ, JAVA_TOOL_OPTIONS="-XX:ArchiveClassesAtExit=" + archive))
    client = manager.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=PATIENCE)
        for cell in CELLS:
            # Whatever comes of the cell, it loaded classes.
            reply = client.execute_interactive(cell, timeout=PATIENCE, output_hook=lambda message: None)["content"]
            print(reply["status"], reply.get("evalue", ""))
    finally:
        client.stop_channels()
        manager.shutdown_kernel()


def name(archive, spec):
    """A kernelspec whose Java maps the archive, and says nothing if it cannot."""
    with open(spec, encoding="utf-8") as file:
        kernel = json.load(file)
    kernel["argv"][1:1] = ["-XX:SharedArchiveFile={resource_dir}/" + os.path.basename(archive), "-Xlog:disable"]
    part = spec + ".part"
    with open(part, "w", encoding="utf-8") as file:
        json.dump(kernel, file, indent=2)
    os.replace(part, spec)


def main(folder):
    archive = os.path.join(os.path.abspath(folder), "classes.jsa")
    record(archive)
    if os.path.getsize(archive):
        name(archive, os.path.join(folder, "kernel.json"))


if __name__ == "__main__":
    main(sys.argv[1])
