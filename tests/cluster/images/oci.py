#!/usr/bin/env python3
"""Packs folders into one OCI image archive, without a daemon. Same folders, same bytes.

    oci.py OUT.tar < SPEC

SPEC has one image a line, tab separated: REFERENCE, configuration (JSON), layer folder...
A layer folder may be the upper folder of an overlay mount: its 0:0 character devices become
whiteouts and its opaque folders opaque markers. A layer that several images share is stored once.
"""
import hashlib
import io
import json
import os
import platform
import stat
import sys
import tarfile

MEDIA = "application/vnd.oci.image."
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def is_whiteout(info):
    return stat.S_ISCHR(info.st_mode) and info.st_rdev == 0


def is_opaque(path):
    try:
        return os.getxattr(path, "trusted.overlay.opaque") == b"y"
    except OSError:
        return False


def marker(name):
    return tarfile.TarInfo(name)


def add_entry(archive, folder, path, owner):
    name = os.path.relpath(path, folder)
    info = os.lstat(path)
    if stat.S_ISSOCK(info.st_mode):
        return
    if is_whiteout(info):
        head, tail = os.path.split(name)
        archive.addfile(marker(os.path.join(head, ".wh." + tail)))
        return
    entry = archive.gettarinfo(path, name)
    entry.uname = entry.gname = ""
    entry.mtime = 0
    if owner is not None:
        entry.uid = entry.gid = owner
    if entry.isreg():
        with open(path, "rb") as file:
            archive.addfile(entry, file)
    else:
        archive.addfile(entry)
    if entry.isdir() and is_opaque(path):
        archive.addfile(marker(os.path.join(name, ".wh..wh..opq")))


def digest_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


class Layers:
    """Layer archives by folder; written beside the folder and removed by `close`."""

    def __init__(self, owner):
        self.owner = owner
        self.by_folder = {}

    def pack(self, folder):
        folder = folder.rstrip("/")
        if folder not in self.by_folder:
            path = folder + ".layer.tar"
            with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
                for root, folders, files in os.walk(folder):
                    folders.sort()
                    for name in sorted(folders + files):
                        add_entry(archive, folder, os.path.join(root, name), self.owner)
            self.by_folder[folder] = (path, digest_of(path), os.path.getsize(path))
        return self.by_folder[folder]

    def close(self):
        for path, _, _ in self.by_folder.values():
            os.unlink(path)


class Blobs:
    def __init__(self):
        self.by_digest = {}

    def put(self, value, media):
        data = json.dumps(value, sort_keys=True).encode()
        digest = hashlib.sha256(data).hexdigest()
        self.by_digest[digest] = data
        return {"mediaType": MEDIA + media, "digest": "sha256:" + digest, "size": len(data)}


def image(reference, config, layers, blobs):
    environment = config.setdefault("Env", [])
    if not any(entry.startswith("PATH=") for entry in environment):
        environment.insert(0, DEFAULT_PATH)
    configuration = blobs.put({
        "architecture": ARCHITECTURES[platform.machine()],
        "os": "linux",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + layer[1] for layer in layers]},
    }, "config.v1+json")
    manifest = blobs.put({
        "schemaVersion": 2,
        "mediaType": MEDIA + "manifest.v1+json",
        "config": configuration,
        "layers": [{"mediaType": MEDIA + "layer.v1.tar", "digest": "sha256:" + digest, "size": size}
                   for _, digest, size in layers],
    }, "manifest.v1+json")
    manifest["annotations"] = {
        "io.containerd.image.name": reference,
        "org.opencontainers.image.ref.name": reference.rsplit(":", 1)[-1],
    }
    return manifest


def add_bytes(archive, name, data):
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    archive.addfile(entry, io.BytesIO(data))


def add_file(archive, name, path):
    entry = tarfile.TarInfo(name)
    entry.size = os.path.getsize(path)
    with open(path, "rb") as file:
        archive.addfile(entry, file)


def write_archive(out, images, owner=None):
    """images: (reference, configuration, [folder, ...]) each. owner: the user id of every file, as they
    are on disk when None."""
    layers, blobs = Layers(owner), Blobs()
    try:
        manifests = [image(reference, config, [layers.pack(folder) for folder in folders], blobs)
                     for reference, config, folders in images]
        index = {"schemaVersion": 2, "manifests": manifests}
        with tarfile.open(out + ".part", "w") as archive:
            add_bytes(archive, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
            add_bytes(archive, "index.json", json.dumps(index, sort_keys=True).encode())
            for digest, data in sorted(blobs.by_digest.items()):
                add_bytes(archive, "blobs/sha256/" + digest, data)
            unique = {digest: path for path, digest, _ in layers.by_folder.values()}
            for digest, path in sorted(unique.items()):
                add_file(archive, "blobs/sha256/" + digest, path)
    finally:
        layers.close()
    os.rename(out + ".part", out)


def main():
    images = []
    for line in sys.stdin:
        if line.strip():
            reference, config, *folders = line.rstrip("\n").split("\t")
            images.append((reference, json.loads(config), folders))
    write_archive(sys.argv[1], images)


if __name__ == "__main__":
    main()
