"""The power goes at many moments of one run, and what the disk had in its write cache is lost in part.

The workload waits before each change until it has been noted how far the log of writes is, so it is
known which writes can be a change's. Each cut is then made on the host, from the image as it was and
the log: many cuts cost one boot.
"""
import os
import random
import re
import select
import subprocess
import time

from quirelib import disk, machine

from . import writelog
from .powercut import content

STEPS = 90
CUTS = 120


class Event:
    """At most `at` bytes of the log were written when this was announced, or promised."""

    def __init__(self, at, slot, what, promise=None):
        self.at, self.slot, self.what, self.promise = at, slot, what, promise


def record(b, seed, log):
    """Runs STEPS changes; the events, with the length that the log had at each."""
    words = b.command("exec=" + machine.percent_encode(f"t-powercut {seed} step"), image=False,
                      extra=writelog.drive(b.image, log))
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, bufsize=0)
    events, pending, steps, begin = [], b"", 0, None
    deadline = time.monotonic() + 1800
    try:
        while steps < STEPS:
            ready, _, _ = select.select([process.stdout], [], [], max(0, deadline - time.monotonic()))
            data = os.read(process.stdout.fileno(), 65536) if ready else b""
            assert data, f"the workload stopped after {steps} changes"
            b.said += data
            at = os.path.getsize(log)
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                line = line.decode(errors="replace").strip()
                assert "pc failed" not in line, line
                if line.endswith("pc start"):
                    begin = at
                elif m := re.search(r"pc safe (\d+) (\S+) (\d+) (\d+)$", line):
                    events.append(Event(at, int(m[1]), "safe", (m[2], int(m[3]), int(m[4]))))
                elif m := re.search(r"pc will (\d+) (\w+)$", line):
                    events.append(Event(at, int(m[1]), m[2]))
                    steps += 1
                    process.stdin.write(b"\n")
    finally:
        process.kill()
        process.wait()
    return events, begin


def held_at(events, end):
    """The promises that hold if the disk has seen the log up to `end`: slot -> promise and whether
    more may have been appended since."""
    held = {}
    for e in events:
        if e.what == "safe" and e.at <= end:
            held[e.slot] = (e.promise, False)
        elif e.what != "safe" and e.at < end and e.slot in held:
            if e.what == "append":
                held[e.slot] = (held[e.slot][0], True)
            else:
                del held[e.slot]
    return held


def verify(b, held, what):
    folder = os.path.join(b.folder, "promised")
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(folder):
        os.remove(os.path.join(folder, name))
    disk.debugfs(b.image, [f'dump "{p[0]}" "{folder}/{slot}"' for slot, (p, _) in held.items()])
    for slot, ((name, size, generation), more) in held.items():
        path = os.path.join(folder, str(slot))
        assert os.path.exists(path), f"{what}: {name} was promised and is not there"
        with open(path, "rb") as f:
            got = f.read()
        assert got[:size] == content(slot, generation, size), \
            f"{what}: of {name} {size} bytes were promised; {len(got)} are there or they differ"
        assert more or len(got) == size, f"{what}: {name} has {len(got)} bytes, {size} were promised"


def used_disk(b, rng):
    """A new file system on a disk whose free blocks hold what was there before: nothing like zeros."""
    b.make_image("16M")
    listing = subprocess.run([disk.tool("dumpe2fs"), b.image], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL).stdout.decode(errors="replace")
    ranges = [r for line in re.findall(r"^  Free blocks: (.*)$", listing, re.M) for r in line.split(", ") if r]
    with open(b.image, "r+b") as f:
        for r in ranges:
            first, _, last = r.partition("-")
            f.seek(int(first) * b.block)
            f.write(rng.randbytes((int(last or first) - int(first) + 1) * b.block))
    disk.check(b.image)
    with open(b.image, "rb") as f:
        return f.read()


def repair(b, what):
    """What e2fsck may find: names, counts, bitmaps and the list of orphans of changes that came in part.
    What it may not: an inode or a name whose block was never written. -> whether anything was amiss."""
    done = subprocess.run([disk.tool("e2fsck"), "-fy", b.image], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    report = done.stdout.decode(errors="replace")
    wild = re.search(r"illegal|multiply|invalid|inconsisten|^(?!.*orphan).*corrupt", report, re.I | re.M)
    assert done.returncode < 4 and not wild, f"{what}: e2fsck says {report}"
    disk.check(b.image)
    return done.returncode != 0


def lostcache(b):
    seed = random.randrange(1, 1 << 31)
    rng = random.Random(seed)
    print(f"seed {seed}")
    before = used_disk(b, rng)
    log = os.path.join(b.folder, "writes.log")
    open(log, "wb").close()
    events, begin = record(b, seed, log)
    entries = writelog.read(log)
    positions = [i for i, e in enumerate(entries) if e.start >= begin]
    flushes = sum(1 for e in entries if e.flags & writelog.FLUSH)
    assert flushes > STEPS // 4, f"only {flushes} flushes reached the disk"
    checked = lost = repaired = 0
    # Half of the cuts come just before a flush, where most is at stake.
    before_flush = [i for i in positions if entries[i].flags & writelog.FLUSH]
    cuts = rng.sample(positions, min(CUTS // 2, len(positions)))
    cuts += rng.sample(before_flush, min(CUTS // 2, len(before_flush)))
    for at in sorted(cuts):
        image = bytearray(before)
        lost += writelog.cut(image, entries[:at], rng)
        with open(b.image, "wb") as f:
            f.write(image)
        what = f"power cut after write {at} of {len(entries)}"
        repaired += repair(b, what)
        held = held_at(events, entries[at].start)
        verify(b, held, what)
        checked += len(held)
    print(f"{len(entries)} writes and flushes, {len(cuts)} cuts, {lost} sectors lost, "
          f"{repaired} repairs, {checked} promised files found")
    assert checked and lost, "the cuts lost nothing, or nothing had been promised"
