#!/usr/bin/env python3
"""Packs the servers and programs of a build into the newc cpio archive that the kernel boots with.

Servers lie at the archive's top (the kernel looks for `init` there), programs under bin/. Each file
is stripped of its debugging symbols on the way; the unstripped ones stay in the build folder for GDB.
"""
import argparse
import os
import subprocess
import tempfile


def entry(out, ino, name, mode, data):
    fields = (ino, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    header = b"070701" + b"".join(b"%08x" % f for f in fields) + name.encode() + b"\0"
    out.write(header + b"\0" * (-len(header) % 4) + data + b"\0" * (-len(data) % 4))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", required=True)
    parser.add_argument("--strip", required=True)
    parser.add_argument("--server-dir", required=True)
    parser.add_argument("--bin-dir", required=True)
    args = parser.parse_args()
    ino = 1
    with open(args.output + ".new", "wb") as out, tempfile.TemporaryDirectory() as scratch:
        stripped = os.path.join(scratch, "f")
        for prefix, folder in (("", args.server_dir), ("bin/", args.bin_dir)):
            if prefix:
                entry(out, ino, "bin", 0o40755, b"")
                ino += 1
            for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
                subprocess.run([args.strip, "-s", "-o", stripped, os.path.join(folder, name)],
                               check=True)
                with open(stripped, "rb") as f:
                    entry(out, ino, prefix + name, 0o100755, f.read())
                ino += 1
        entry(out, 0, "TRAILER!!!", 0, b"")
    os.replace(args.output + ".new", args.output)


if __name__ == "__main__":
    main()
