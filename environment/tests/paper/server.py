"""Serves captioned pictures as the manifests describe them: a list of addresses, COCO's two archives, and clip-retrieval's service.

server.py FOLDER    FOLDER has what TextInputs.java made; manifests go into FOLDER/manifests, then the port into FOLDER/port
"""
import functools
import hashlib
import http.server
import json
import pathlib
import sys
import zipfile

root = pathlib.Path(sys.argv[1])
captioned = json.loads((root / "captioned.json").read_text())
listed, coco = captioned[:8], captioned[8:16]


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def do_POST(self):
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/knn-service" or query["modality"] != "image" or not query["image"]:
            self.send_error(400)
            return
        hits = [{"id": i, "url": at("captioned/" + name), "caption": text, "similarity": 0.3} for i, (name, text) in enumerate(listed)]
        answer = json.dumps(hits[: query["num_images"]]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(root)))


def at(path):
    return "http://127.0.0.1:%d/%s" % (server.server_port, path)


def manifest(name, kind, files, **more):
    """A set of the name of a published one, whose files lie here."""
    entries = []
    for file, unpack in files:
        content = (root / file).read_bytes()
        entry = {"name": file, "mirrors": [at(file)], "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        entries.append({**entry, "unpack": unpack} if unpack else entry)
    made = {"name": name, "kind": kind, "title": "stand-in for " + name, "licence": "none", "terms": "Tests only.", "files": entries, **more}
    (root / "manifests" / (name + ".json")).write_text(json.dumps(made))


(root / "manifests").mkdir(exist_ok=True)
(root / "sdv1_500_memorized.jsonl").write_text(
    "".join(json.dumps({"url": at("captioned/" + name), "caption": text, "index": i}) + "\n" for i, (name, text) in enumerate(listed)))
manifest("laion-memorized-500", "data", [("sdv1_500_memorized.jsonl", None)],
         images={"list": "sdv1_500_memorized.jsonl", "url": "url", "caption": "caption", "count": len(listed)})
# The manifest expects picture 139.
with zipfile.ZipFile(root / "annotations_trainval2017.zip", "w") as archive:
    for part in ("train", "val"):
        archive.writestr("annotations/captions_%s2017.json" % part, json.dumps({
            "images": [{"id": 139 + i, "file_name": "%012d.jpg" % (139 + i)} for i in range(len(coco))],
            "annotations": [{"id": i, "image_id": 139 + i, "caption": text} for i, (_, text) in enumerate(coco)]}))
with zipfile.ZipFile(root / "val2017.zip", "w") as archive:
    for i, (name, _) in enumerate(coco):
        archive.write(root / "captioned" / name, "val2017/%012d.jpg" % (139 + i))
zipped = json.loads(pathlib.Path("data-manifests/coco-captions-2017.json").read_text())
manifest("coco-captions-2017", "data", [(f["name"], f["unpack"]) for f in zipped["files"] if not f.get("optional")])
manifest("sscd", "checkpoint", [("sscd_disc_mixup.torchscript.pt", None)])
manifest("clip-vit-large-patch14", "checkpoint", [("clip.safetensors", None)])
(root / "port").write_text(str(server.server_port))
server.serve_forever()
