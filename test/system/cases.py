"""The system tests. Each takes a bench (harness.py) and asserts; its name is what ctest shows."""
import hashlib
import json
import os
import random
import re
import struct
import subprocess
import time

from quirelib import disk, machine
from quirelib.common import Failure

CASES = {}


def case(function):
    CASES[function.__name__.replace("_", "-")] = function
    return function


def sha(data):
    return hashlib.sha256(data).hexdigest()


# --- promises ---

@case
def p1_coherence(b):
    b.make_image()
    output = b.check_line("t-promise coherence /c.dat 500000; sha256sum /c.dat", timeout=1800)
    inside = re.search(r"([0-9a-f]{64})  /c.dat", output)[1]
    assert sha(b.dump("/c.dat")) == inside, "the disk's bytes are not the file's"


@case
def p2_lazy(b):
    b.make_image()
    b.check_line("t-promise lazy; t-promise untouched")


@case
def p3_cow(b):
    b.make_image()
    b.check_line("t-promise cow")


@case
def p4_counts(b):
    b.make_image()
    # Once to warm caches up, then between the two looks.
    b.run("t-promise baseline save /tmp/b && t-promise counts 20 5 && t-promise baseline save /tmp/b && "
          "t-promise counts 1000 6 && "
          "t-promise baseline strict /tmp/b && check")
    disk.check(b.image)


@case
def p5_shootdown(b):
    b.make_image()
    b.check_line("t-promise shootdown 100")


@case
def p5_budgets(b):
    b.make_image()
    b.check_line("t-promise budgets")


def run_until_durable(b, line):
    """Cuts the power when the line has said that its changes are on the disk."""
    process = subprocess.Popen(b.command("exec=" + machine.percent_encode(line)), stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)
    said, deadline = b"", time.monotonic() + 600
    while b"durable 8" not in said and time.monotonic() < deadline:
        data = os.read(process.stdout.fileno(), 4096)
        if not data:
            break
        said += data
    process.kill()
    process.wait()
    b.said += said
    assert b"durable 8" in said, f"{line}: the program did not come so far"


@case
def p6_durable(b):
    """The power goes right after the program has said that its bytes are on the disk."""
    def is_durable(how):
        b.make_image()
        run_until_durable(b, f"t-promise durable {how}")
        subprocess.run([disk.tool("e2fsck"), "-fy", b.image], stdout=subprocess.DEVNULL)
        disk.check(b.image)
        return b.dump("/durable.dat") == b"".join(bytes([ord("a") + i]) * 4096 for i in range(8))

    for how in ("fsync", "fdatasync", "msync", "sync"):
        assert is_durable(how), f"{how}: bytes that were promised are not on the disk"
    # A host that is busy may stop the file server for as long, but not every time.
    assert any(is_durable("second") for _ in range(5)), "bytes are not on the disk after two seconds"


@case
def p7_tracing(b):
    b.make_image()
    b.check_line("t-promise tracing")


@case
def p8_exhaust(b):
    b.make_image()
    b.check_line("t-promise exhaust")


def under_kills(b, servers, work, files):
    """Work goes on while servers are killed; then every byte that was seen inside is on the disk."""
    seed = random.randrange(1, 1 << 30)
    print(f"seed {seed}")
    b.make_image("48M")
    # The baseline is on the disk: a memory file server that dies takes /tmp with it.
    output = b.run(f"set -e; t-promise baseline save /baseline; t-promise under-kills {servers} {seed} {work} {seed}; "
                   f"sha256sum {files}; sync; "
                   "t-promise baseline files /baseline; check", timeout=2000)
    assert re.search(r"^killed \S+ [1-9]", output, re.M), "nothing was killed"
    assert "0 invariants broken" in output, "the checker found broken invariants"
    assert b"the undo log is full" not in b.said and b"no room any more" not in b.said, "said by the file server"
    sums = re.findall(r"^([0-9a-f]{64})  (\S+)$", output, re.M)
    assert len(sums) >= 3, "files are left"
    kills = re.search(r"^killed .*", output, re.M)[0]
    try:
        disk.check(b.image)
    except Failure as failure:
        raise AssertionError(f"{kills}; a successor left half a change behind: {failure}") from None
    for inside, path in sums:
        assert sha(b.dump(path)) == inside, f"{kills}; {path} differs on the disk"


@case
def p9_files(b):
    under_kills(b, "ext2", "survive 8000", "/s?/d?/f*")


@case
def p9_exerciser(b):
    under_kills(b, "ext2", "exerciser 8000", "/ex?.dat")


@case
def p9_promised(b):
    b.make_image("8M")
    b.check_line("t-promise promised")


@case
def p9_polling(b):
    b.make_image()
    b.check_line("t-promise poll-restart")


@case
def p9_detached(b):
    # The warning comes half-way to the end, unless the whole machine stands still meanwhile.
    for attempt in range(3):
        b.said = b""
        b.make_image()
        b.check_line("t-promise detached")
        warned = re.findall(rb"a pager has been dead for (\d+) s: \d+ requests (wait|fail)", b.said)
        assert any(what == b"fail" for _, what in warned), "the log does not say that requests fail"
        if any(int(s) < 3 and what == b"wait" for s, what in warned):
            return
    raise AssertionError("no warning in the log before the time is up")


@case
def p9_all(b):
    under_kills(b, "ext2,virtio-blk,memfs", "survive 8000", "/s?/d?/f*")


# --- the kernel's own calls ---

@case
def kernel_futex(b):
    b.make_image()
    b.check_line("t-futex")


@case
def kernel_stop(b):
    b.make_image()
    b.check_line("t-stop")


@case
def kernel_life(b):
    b.make_image()
    b.check_line("t-life")


@case
def demos(b):
    b.make_image()
    output = b.check_line("demo all")
    assert "[BROKEN]" not in output, "a demo's claim does not hold"


# --- files ---

def make_tree(root, seed):
    """Five hundred files: deep directories, all sizes, a sparse file and a large one."""
    rng = random.Random(seed)
    sums = {}

    def put(path, data):
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as f:
            f.write(data)
        sums["/" + path] = sha(data)

    for i in range(480):
        depth = rng.randrange(5)
        folder = "/".join(f"d{rng.randrange(6)}" for _ in range(depth))
        put(os.path.join("tree", folder, f"file{i}"), rng.randbytes(rng.choice((0, 1, 100, 1023, 1024, 1025, 4095,
                                                                             4096, 4097, 12288, 13000, 70000))))
    put("tree/" + "/".join(["deep"] * 24) + "/bottom", b"the bottom")
    for i in range(30):
        put(f"tree/many/name-{i:03d}-{'x' * rng.randrange(200)}", rng.randbytes(64))
    for i in range(600):  # half of them make room for a file in pieces
        put(f"tree/small/{i}", rng.randbytes(4096))
    put("tree/large", rng.randbytes(20 * 1024 * 1024 + 333))
    sparse = os.path.join(root, "tree/sparse")
    with open(sparse, "wb") as f:
        for at in (0, 1 << 20, 5 << 20, (9 << 20) + 77):
            f.seek(at)
            f.write(b"island")
    with open(sparse, "rb") as f:
        sums["/tree/sparse"] = sha(f.read())
    # With the smallest blocks the far end is behind a triple indirect block.
    far = os.path.join(root, "tree/far")
    with open(far, "wb") as f:
        f.seek(66 << 20)
        f.write(b"the far end")
    with open(far, "rb") as f:
        sums["/tree/far"] = sha(f.read())
    return sums


def fragment(b, root, sums):
    """Puts a file into the holes that every other one of many small files leaves behind."""
    source = os.path.join(b.folder, "scattered")
    data = random.Random(b.block).randbytes(300 * 4096 + 5)
    with open(source, "wb") as f:
        f.write(data)
    holes = [f'rm "/tree/small/{i}"' for i in range(0, 600, 2)]
    disk.debugfs(b.image, holes + [f'write "{source}" "/tree/scattered"'], write=True)
    for i in range(0, 600, 2):
        del sums[f"/tree/small/{i}"]
    sums["/tree/scattered"] = sha(data)
    blocks = re.search(r"BLOCKS:\n(.*?)\nTOTAL", disk.debugfs(b.image, ['stat "/tree/scattered"']), re.S)[1]
    assert blocks.count("):") > 100, "the file is in many pieces"
    disk.check(b.image)


@case
def files(b):
    """A tree made on the host is read inside; then written inside and read on the host."""
    root = os.path.join(b.folder, "root")
    os.makedirs(root)
    sums = make_tree(root, 4711 + b.block)
    b.make_image("96M", tree=root, inodes=4096)
    fragment(b, root, sums)
    output = b.check_line("find /tree -type f | xargs sha256sum")
    inside = dict((m[2], m[1]) for m in re.finditer(r"^([0-9a-f]{64})  (\S+)$", output, re.M))
    missing = [p for p in sums if inside.get(p) != sums[p]]
    assert not missing and len(inside) == len(sums), f"{len(missing)} files differ inside, such as {missing[:3]}"
    b.check_line("mkdir /copy && cp -r /tree/d0 /tree/d1 /tree/many /tree/sparse /tree/scattered /copy && "
                 "cp /tree/large /copy/large2 && rm /tree/large && mv /copy/large2 /copy/large")
    # Every byte that was written inside, as the host's own tools find it on the disk.
    back = os.path.join(b.folder, "back")
    os.makedirs(back)
    disk.debugfs(b.image, [f'rdump "/copy" "{back}"'])
    found = {}
    for folder, _, names in os.walk(back):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as f:
                found["/tree/" + os.path.relpath(path, os.path.join(back, "copy"))] = sha(f.read())
    copied = [p for p in sums if p.split("/")[2] in ("d0", "d1", "many", "sparse", "scattered", "large")]
    differ = [p for p in copied if found.get(p) != sums[p]]
    assert not differ and len(found) == len(copied), f"{len(differ)} files differ on the disk, such as {differ[:3]}"


@case
def names_and_room(b):
    """10,000 names in a folder by four processes; a full disk; files without a name when the power goes."""
    b.make_image("24M", inodes=12000)
    b.check_line("t-promise crowd")
    left = disk.debugfs(b.image, ["ls -p /crowd"])
    assert left.count("-a") > 0 and len(re.findall(r"^/\d+/100644/", left, re.M)) == 5000, "5000 names on the disk"
    b.make_image("8M")
    b.check_line("t-promise full")
    free = disk.debugfs(b.image, ["stats -h"])
    run_until_durable(b, "t-promise orphan")
    b.run("ls / && sync && check")  # this mount frees them
    disk.check(b.image)
    count = r"Free (blocks|inodes): +(\d+)"
    assert re.findall(count, disk.debugfs(b.image, ["stats -h"])) == re.findall(count, free), "the orphans are freed"


def exercise(b, operations, timeout):
    b.make_image("48M")
    output = b.check_line(f"t-promise exerciser {operations}; sha256sum /ex0.dat /ex1.dat /ex2.dat", timeout=timeout)
    print(output.splitlines()[0])  # the seed
    sums = re.findall(r"^([0-9a-f]{64})  (\S+)$", output, re.M)
    assert len(sums) == 3, "three files are left"
    for inside, path in sums:
        assert sha(b.dump(path)) == inside, f"{path} differs on the disk"


@case
def exerciser(b):
    # At several harts more of them, for as many remote fences: a few hundred come in 6000 operations.
    exercise(b, 100000 if b.harts == 1 else 200000, 2000)


@case
def exerciser_long(b):
    exercise(b, 1050000, 3400)


@case
def storm(b):
    """The concurrent tests in short, one after another in one machine: made to be repeated (--repeat)."""
    b.make_image()
    seed = random.randrange(1, 1 << 31)
    lines = ["t-promise coherence /c.dat 20000", "t-promise cow", "t-promise shootdown 20",
             f"t-promise counts 60 {seed}", "t-futex", "t-wild zeros", "t-wild dirtied", "t-wild one-object",
             "t-wild unseen", f"t-promise exerciser 3000 {seed}"]
    print("seed", seed)
    output = b.check_line("; ".join(lines), timeout=1200)
    assert output.count(": held") == 4, output


SCRIPT = (  # what is run, and what it prints
    ("sum=0; for i in $(seq 1 10); do sum=$((sum + i)); done; echo sum $sum", "sum 55"),
    ("ls / | grep script | tr a-z A-Z > /out.txt; cat /out.txt", "SCRIPT.SH"),
    ("(sleep 1; echo background) & wait; echo waited $?", "background\nwaited 0"),
    ("(sleep 1; exit 3) & wait $!; echo waited $?", "waited 3"),
    ("false || echo or; true && echo and", "or\nand"),
    ("echo 'quoted $x' \"$sum\" | while read line; do echo \"[$line]\"; done", "[quoted $x 55]"),
    ("false | true; echo pipe $?; true | (exit 4); echo pipe $?", "pipe 0\npipe 4"),
    ("! true | false; echo not $?", "not 0"),
    ("sh -c 'exit 5'; echo script $?; sh -c 'kill -9 $$'; echo script $?", "script 5\nKilled\nscript 137"),
    ("echo $(exit 6) $?; x=$(exit 6); echo substituted $?", "0\nsubstituted 6"),
    ("no-such-command 2>/dev/null; echo missing $?", "missing 127"),
)


@case
def shell_script(b):
    root = os.path.join(b.folder, "root")
    os.makedirs(root)
    with open(os.path.join(root, "script.sh"), "w") as f:
        # Each line's answer goes between lines of its own, so that a failure names what failed.
        f.write("#!/bin/sh\n" + "".join(f"echo '@{i}'\n{line}\n" for i, (line, _) in enumerate(SCRIPT)) +
                f"echo '@{len(SCRIPT)}'\nexit 7\n")
    b.make_image(tree=root)
    output = b.run("sh /script.sh; s=$?; check; exit $s", status=7)
    for i, (line, answer) in enumerate(SCRIPT):
        m = re.search(f"^@{i}\n(.*?)\n?@{i + 1}\n", output, re.M | re.S)
        assert m, f"the script did not get past: {line}"
        assert m[1] == answer, f"{line!r} prints {m[1]!r}, not {answer!r}"
    assert "0 invariants broken" in output
    disk.check(b.image)


@case
def output_once(b):
    """Lines written while signals come: each is there once. More than the terminal has room for, too."""
    b.make_image()
    output = b.check_line("t-promise output 3000")
    wanted = "".join(f"line {i} of those that must come once\n" for i in range(3000))
    assert wanted in output, "lines are missing, doubled or out of order"


# What has to do with files is tried on the memory file server too, which has no sparse giants (large).
POSIX_FILES = ("open append dup lseek readv truncate link rename symlink directories stat utimes statvfs fcntl_lock "
               "flock fifo poll_fifo poll_mask at crossing execute mmap munmap end_of_file msync faulting_buffer "
               "process_shared stdio")


@case
def posix(b):
    b.make_image()
    output = b.check_line(f"t-posix all; cd /tmp; t-posix {POSIX_FILES}; cd /", timeout=1800)
    assert len(re.findall(r"\b0 failed", output)) == 2, "assertions failed"


# --- a disk that fails ---

def failing_disk(b, rules):
    """QEMU's options for a disk that fails requests on some sectors: (iotype, first block, once)."""
    per_block = b.block // 512
    errors = []
    for iotype, block, once in rules:
        # A request is failed if it touches the sector, so one sector a block will do.
        errors.append({"event": "none", "iotype": iotype, "errno": 5, "once": once,
                       **({"sector": block * per_block} if block is not None else {})})
    node = {"driver": "raw", "node-name": "root",
            "file": {"driver": "blkdebug", "inject-error": errors,
                     "image": {"driver": "file", "filename": b.image}}}
    return ["-global", "virtio-mmio.force-legacy=false", "-blockdev", json.dumps(node),
            "-device", "virtio-blk-device,drive=root"]


def block_of_page(b, path, page):
    listing = disk.debugfs(b.image, [f'bmap "{path}" {page * 4096 // b.block}'])
    return int(re.search(r"^(\d+)$", listing, re.M)[1])


@case
def disk_errors(b):
    """Sectors of a file that can't be read, of one that can't be written (once, or ever), and no flush."""
    root = os.path.join(b.folder, "root")
    os.makedirs(root)
    for name in ("bad", "late", "never", "other"):
        with open(os.path.join(root, name), "wb") as f:
            f.write(b"".join(bytes([65 + i]) * 4096 for i in range(12)))
    b.make_image("16M", tree=root)
    bad, late, never = (block_of_page(b, "/" + name, 5) for name in ("bad", "late", "never"))
    b.extra = failing_disk(b, [("read", bad, False), ("write", late, True), ("write", never, False)])
    # What could be written was, and the file system is whole: only the one file's page is old.
    output = b.check_line("t-promise ioerror read /bad 5 12; t-promise ioerror write /late 5 once; "
                          "t-promise ioerror write /never 5 always; cat /other | sha256sum; sha256sum /late",
                          attached=False)
    assert sha(b.dump("/late")) in output, "what was written at the second try is on the disk"
    assert b.dump("/never")[:4096] == b"r" * 4096, "the writable pages of the file are on the disk"
    b.make_image("16M", tree=root)
    b.extra = failing_disk(b, [("flush", None, False)])
    b.check_line("t-promise ioerror sync /other", attached=False, sync=False)


# --- bad input ---

@case
def badinput_calls(b):
    b.make_image()
    output = b.check_line("t-promise badcalls 7 60", timeout=1800)
    assert "badcalls: all answered" in output, output


@case
def badinput_args(b):
    b.make_image()
    output = b.check_line("t-promise badargs")
    assert "all as before" in output, output


@case
def badinput_elf(b):
    b.make_image()
    b.check_line("t-promise badelf")


def ends_with_3(b, **options):
    try:
        b.run("echo never", **options)
    except Failure as failure:
        assert failure.status == 3, f"status {failure.status}, not 3"
        return
    raise AssertionError("the line ran without a file system")


@case
def badinput_superblock(b):
    """One field after the other, or two that agree with each other: each is refused, and the log says why."""
    b.make_image("8M")
    with open(b.image, "rb") as f:
        f.seek(1024)
        inodes, blocks, *_, first = struct.unpack("<IIIIII", f.read(24))
        f.seek(1024 + 32)
        per_group = struct.unpack("<I", f.read(4))[0]
    groups = (blocks - first + per_group - 1) // per_group

    def word(value):
        return struct.pack("<I", value)

    def inodes_each(n):
        return ((40, word(n)), (0, word(groups * n)))

    damage = (("all of it", ((0, b"\xff" * 1024),), "not an ext2 file system: magic number"),
              ("magic number", ((56, b"\0\0"),), "not an ext2 file system: magic number"),
              ("revision", ((76, word(2)),), "unknown revision"),
              ("block size", ((24, word(9)),), "unsupported block size"),
              ("first data block", ((20, word(first + 1)),), "bad first data block"),
              ("blocks", ((4, word(0x7fffffff)),), "file system larger than its disk"),
              ("no blocks", ((4, word(first)),), "bad block count"),
              ("blocks per group", ((32, bytes(4)),), "bad blocks per group"),
              ("blocks per group, many", ((32, word(8 * b.block + 8)),), "bad blocks per group"),
              ("inode size", ((88, b"\x03\0"),), "bad inode size"),
              ("inodes per group", inodes_each(0), "bad inodes per group"),
              ("inodes per group, odd", inodes_each(inodes // groups - 1), "bad inodes per group"),
              ("inodes per group, many", inodes_each(16 * b.block), "bad inodes per group"),
              ("inodes", ((0, word(inodes + 1)),), "bad inode count"),
              ("first inode", ((84, word(inodes + 1)),), "bad first inode"),
              ("free blocks", ((12, word(blocks + 1)),), "bad free counts"),
              ("incompatible features", ((96, word(0xffffffff)),), "unsupported incompatible features"))
    for what, patches, reason in damage:
        b.make_image("8M")
        with open(b.image, "r+b") as f:
            for at, data in patches:
                f.seek(1024 + at)
                f.write(data)
        b.said = b""
        try:
            ends_with_3(b)
        except AssertionError as failure:
            raise AssertionError(f"{what}: {failure}") from None
        assert b"ext2: " + reason.encode() in b.said, f"{what}: the file server does not say: {reason}"


@case
def badinput_no_disk(b):
    ends_with_3(b, image=False)
    assert b"disk" in b.said, "init says why"


@case
def statuses(b):
    b.make_image()
    for line, status in (("exit 42", 42), ("exit 255", 255), ("false", 1), ("kill -9 $$", 137), ("kill $$", 143),
                         ("sh -c 'kill -9 $$' 2>/dev/null", 137), ("exec sh -c 'exit 6'", 6)):
        assert b.run(line, status=status) == "", f"output of: {line}"
    assert b.run("printf 'a\\nb'; no-such-command 2>/dev/null", status=127) == "a\nb"
    try:
        b.run("sleep 100", timeout=15)
        raise AssertionError("a hang was not noticed")
    except Failure as failure:
        assert failure.status == 124, failure.status


# --- the console, as a person would ---

class Typist:
    """Somebody at the serial terminal, who types and reads; what was expected last is told when it fails."""

    PROMPT = rb"quire:/[^\r\n]*\$ "

    def __init__(self, b):
        import pexpect
        self.b, self.pexpect = b, pexpect
        words = b.command("", extra=())
        self.term = pexpect.spawn(words[0], words[1:], timeout=300, encoding=None)

    def expect(self, pattern):
        try:
            self.term.expect(pattern)
        except (self.pexpect.TIMEOUT, self.pexpect.EOF):
            if isinstance(self.term.before, bytes):
                self.b.said += self.term.before
            raise AssertionError(f"the console did not answer with {pattern!r}") from None
        self.b.said += self.term.before + (self.term.after if isinstance(self.term.after, bytes) else b"")

    def line(self, typed, answer=None):
        """A line, the line that it prints, and the next prompt."""
        self.term.send(typed + b"\r")
        if answer is not None:
            self.expect(rb"\r\n" + answer + rb"\r+\n")
        self.expect(self.PROMPT)

    def key(self, keys, pause=1):
        time.sleep(pause)
        self.term.send(keys)


RUNNING = rb"\nrunning\r+\n"
UP, DOWN, RIGHT, LEFT, HOME, END = b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D", b"\x1b[H", b"\x1b[F"


@case
def console(b):
    """A session as a person types it: editing, history, keys that interrupt and end, jobs, leaving QEMU."""
    b.make_image()
    t = Typist(b)
    try:
        t.expect(t.PROMPT)
        t.line(b"echo hel\x7f\x7fello", b"hello")  # backspace
        t.line(b"echo first", b"first")
        t.line(UP + UP, b"hello")  # the line before the last
        t.line(b"echo ac" + LEFT + b"b", b"abc")
        t.line(b"cho home" + HOME + b"e" + END + b"!", b"home!")
        t.line(b"cho a" + b"\x01\x01" + b"e" + b"\x05" + b"e", b"ae")  # ^A (which QEMU wants twice), ^E
        t.line(b"echo gone\x15echo kept", b"kept")  # ^U
        t.line(b"echo one two\x17three", b"one three")  # ^W
        t.line(b"echo cut off" + LEFT * 4 + b"\x0b", b"cut")  # ^K
        t.line(b"not wanted" + UP + DOWN + b"\x15echo back", b"back")
        t.term.send(b"echo never ran\x03")
        t.expect(t.PROMPT)
        t.line(b"echo $?", b"130")
        t.term.send(b"echo running; while true; do true; done\r")
        t.expect(RUNNING)
        t.key(b"\x03")
        t.expect(t.PROMPT)
        t.line(b"echo $?", b"130")
        t.term.send(b"sh -c 'echo running; exec yes > /dev/null'\r")
        t.expect(RUNNING)
        t.key(b"\x03")
        t.expect(t.PROMPT)
        t.term.send(b"echo running; cat\r")
        t.expect(RUNNING)
        t.term.send(b"echoed\r")
        t.expect(rb"echoed\r+\nechoed\r+\n")
        t.term.send(b"\x04")  # the end of input
        t.expect(t.PROMPT)
        # A program that polls is woken by the line's end, not before.
        t.term.send(b"t-promise polling\r")
        t.expect(RUNNING)
        t.term.send(b"a line\r")
        t.expect(rb"\nwoken by a line\r+\n")
        t.expect(t.PROMPT)
        # A job in the background leaves the terminal to the shell, and ^C leaves it alone.
        t.line(b"yes > /dev/null & p=$!")
        t.term.send(b"sh -c 'echo running; exec sleep 1000'\r")
        t.expect(RUNNING)
        t.key(b"\x03")
        t.expect(t.PROMPT)
        t.line(b"kill -0 $p && echo alive", b"alive")
        t.line(b"kill $p; wait $p; echo ended $?", b"ended 143")
        # ^D on an empty line ends the shell, and init starts another; on others it does not.
        t.line(b"cd /tmp; mark=1")
        t.term.send(b"echo not yet\x04\r")
        t.expect(rb"\n(> )?not yet\r+\n")  # the shell got a line without its end, and may have asked for more
        t.expect(t.PROMPT)
        t.term.send(b"\x04")
        t.expect(rb"quire:/\$ ")
        t.line(b"echo [$mark]", rb"\[\]")
        t.term.send(b"check\r")
        t.expect(rb"0 invariants broken")
        t.expect(t.PROMPT)
        t.line(b"sync")
        t.term.send(b"\x01x")  # leave QEMU
        t.expect(t.pexpect.EOF)
    finally:
        t.term.close(force=True)
    disk.check(b.image)


# --- failures that real systems had, and the power ---

# Two objects for one file spoil the others as well, so that one comes first.
WILD = ("one-object", "reassign", "zeros", "dirtied", "unseen")


@case
def wild(b):
    for name in WILD:
        b.make_image("8M")
        output = b.check_line(f"t-wild {name}")
        assert f"{name}: held" in output, output


@case
def powercut(b):
    from powercut.powercut import powercut as cut
    cut(b)


@case
def powercut_cache(b):
    from powercut.lostcache import lostcache
    lostcache(b)
