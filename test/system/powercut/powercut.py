"""The power goes at a random moment; what an fsync had promised must be there after repair."""
import os
import random
import re
import select
import subprocess
import time

from quirelib import disk, machine

CUTS = 8
MOST_PROMISES = 250


def content(slot, generation, size):
    return bytes((slot * 31 + generation * 17 + at * 7 + (at >> 8)) & 255 for at in range(size))


def run_and_cut(b, seed, promises, after):
    """Runs the workload and kills the machine `after` seconds past so many promises; what it said, to the end."""
    words = b.command("exec=" + machine.percent_encode(f"t-powercut {seed}"))
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, bufsize=0)
    said, deadline, started = b"", time.monotonic() + 900, False
    while time.monotonic() < deadline:
        ready, _, _ = select.select([process.stdout], [], [], max(0, deadline - time.monotonic()))
        data = os.read(process.stdout.fileno(), 65536) if ready else b""
        if ready and not data:
            break
        said += data
        if not started and said.count(b"pc safe") >= promises:
            started, deadline = True, time.monotonic() + after
    process.kill()
    said += process.stdout.read()
    process.wait()
    b.said += said
    assert started, "the workload did not come so far"
    assert b"pc failed" not in said, "the workload failed"
    return said.decode(errors="replace")


def promises(said):
    """slot -> (name, size, generation, changes announced since)."""
    held = {}
    for line in said.splitlines()[:-1]:  # the last line may be cut off
        if m := re.search(r"pc safe (\d+) (\S+) (\d+) (\d+)$", line.strip()):
            held[int(m[1])] = (m[2], int(m[3]), int(m[4]), [])
        elif (m := re.search(r"pc will (\d+) (\w+)$", line.strip())) and int(m[1]) in held:
            held[int(m[1])][3].append(m[2])
    # A cut-off last line may have been an announcement: leave that slot out by what it begins with.
    if m := re.search(r"pc will (\d+)", said.splitlines()[-1]):
        held.pop(int(m[1]), None)
    return {s: h for s, h in held.items() if not set(h[3]) - {"append"}}


def verify(b, held):
    """Every promised file by debugfs on the host, then those that stayed as they were by Quire itself."""
    whole = []
    for slot, (name, size, generation, since) in held.items():
        got, want = b.dump(name), content(slot, generation, size)
        assert got[:size] == want, f"{name}: {size} bytes were promised, {len(got)} are there or they differ"
        if not since:
            assert len(got) == size, f"{name} has {len(got)} bytes, {size} were promised"
            whole.append((name, slot, generation, size))
    names = " ".join(w[0] for w in whole[:12])
    if names:
        import hashlib
        output = b.run(f"sha256sum {names}; touch /after; rm /after; sync; check")
        for name, slot, generation, size in whole[:12]:
            assert hashlib.sha256(content(slot, generation, size)).hexdigest() + "  " + name in output, \
                f"{name} reads differently after the repair"
    disk.check(b.image)


def powercut(b):
    seed = random.randrange(1 << 31)
    rng, checked = random.Random(seed), 0
    print(f"seed {seed}")
    for cut in range(CUTS):
        b.make_image("16M")
        said = run_and_cut(b, rng.randrange(1, 1 << 31), rng.randrange(1, MOST_PROMISES), rng.uniform(0, 0.1))
        done = subprocess.run([disk.tool("e2fsck"), "-fy", b.image], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        assert done.returncode < 4, f"cut {cut}: e2fsck could not repair: {done.stdout.decode(errors='replace')}"
        disk.check(b.image)
        held = promises(said)
        verify(b, held)
        checked += len(held)
    print(f"{CUTS} cuts, {checked} promised files found")
    assert checked, "nothing that was promised was left alone until the cut"
