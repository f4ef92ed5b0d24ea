"""./quire bench: runs mmbench under instruction counting and prints it beside Linux's numbers.

Kinds of run, since no single one can measure everything (README.md tells why):
  one hart, no I/O    the `time` register: instructions of everything, the benchmark's own loop included
  one hart, I/O       the plugin's count: user (the servers' and the benchmark's) + kernel + firmware
  several harts       the plugin's count on the calling hart: kernel + firmware
  boot                the plugin's count from reset
"""
import bisect
import glob
import os
import re
import select
import struct
import subprocess
import sys
import tempfile
import time

from quirelib import disk, machine
from quirelib.common import BUILD, Failure

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(BUILD, "bench")
TIMEOUT = 600  # a run takes some seconds on an idle host
IO_NAMES = ("msync_", "cold_")


def plugin():
    path = os.path.join(OUT, "icnt.so")
    source = os.path.join(HERE, "icnt.c")
    if not os.path.exists(path) or os.path.getmtime(path) < os.path.getmtime(source):
        done = subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", path, source])
        if done.returncode:
            raise Failure("the counting plugin does not compile")
    return path


def run(label, line, harts, icount, bios, slice_=None, profile=False):
    """One boot. The lines it printed, and the plugin's reports (hart -> user, kernel, firmware)."""
    # The files are made and written first: their writeback by timer would fall into a timed part.
    line = "mmbench boot; sync; " + line
    reports_file = os.path.join(OUT, f"{label}.icnt")
    options = f"{plugin()},out={reports_file}"
    if slice_:
        options += f",slice={slice_}"
    if profile:
        options += ",prof=on"
    with tempfile.TemporaryDirectory() as folder:
        image = os.path.join(folder, "bench.img")
        disk.make(image, "64M")
        words = machine.command(harts, "128M", image, bios, "exec=" + machine.percent_encode(line),
                                extra=["-icount", icount, "-plugin", options])
        output = bytearray()
        with open(os.path.join(OUT, f"{label}.log"), "wb") as log:
            status = machine.run_line(words, output.extend, log.write, timeout=TIMEOUT)
    text = output.decode(errors="replace")
    with open(os.path.join(OUT, f"{label}.txt"), "w") as f:
        f.write(text)
    if status:
        raise Failure(f"mmbench failed in run '{label}':\n{text[-600:]}")
    return text, reports_file


def rows(text):
    """[(name, ns per operation, operations)] in the order printed."""
    times, ops, order = {}, {}, []
    for line in text.splitlines():
        m = re.fullmatch(r"(\w+) ([\d.]+) (ns|ops)", line.strip())
        if not m:
            continue
        if m[3] == "ns":
            times[m[1]] = float(m[2])
            order.append(m[1])
        else:
            ops[m[1]] = float(m[2])
    return [(n, times[n], ops.get(n, 1.0)) for n in order]


def counts(reports_file):
    result = []
    with open(reports_file) as f:
        for line in f:
            words = line.split()
            if words[0] == "R":
                result.append([tuple(int(x) for x in w.split(":")[1].split(",")) for w in words[2:]])
    return result


def linux():
    table = {}
    with open(os.path.join(HERE, "linux-rv32.tsv")) as f:
        for line in f:
            if line.startswith("#") or not line.strip():
                continue
            name, value, harts, what = line.rstrip("\n").split("\t")
            table[name, int(harts)] = (float(value), what)
    return table


class Row:
    def __init__(self, name, value, harts, what, split, profile=None):
        self.name, self.value, self.harts, self.what = name, value, harts, what
        self.split = split      # user, kernel, firmware an operation, on the caller's hart
        self.profile = profile  # function -> instructions an operation


def one_hart(label, groups, bios):
    """The rows of one run on one hart, with their splits and profiles."""
    text, reports = run(label, "mmbench " + groups, 1, "shift=0", bios, profile=True)
    by_function = profiles(reports)
    for k, ((name, ns, ops), report) in enumerate(zip(rows(text), counts(reports))):
        if name in ("boot_to_first_user_instruction", "timer_overhead"):
            continue
        split = [x / ops for x in report[0][:3]]
        profile = {f: n / ops for f, n in by_function.get(k, {}).items()}
        if name.startswith(IO_NAMES):
            yield Row(name, sum(split), 1, "user+kernel+firmware", split, profile)
        else:
            yield Row(name, ns, 1, "all", split, profile)


def boot(bios):
    """Instructions from reset to the first of user mode; and, told apart, to the prompt."""
    entries = []
    for path in (os.path.join(BUILD, "kernel.elf"), os.path.join(BUILD, "rootfs", "server", "init")):
        with open(path, "rb") as f:
            entries.append(struct.unpack_from("<I", f.read(28), 24)[0])
    # QEMU enters the image at its lowest physical address, whatever the ELF header calls its entry.
    entries[0] = 0x80400000
    reports_file = os.path.join(OUT, "boot.icnt")
    options = f"{plugin()},out={reports_file},boot=on" + "".join(f",first={e:x}" for e in entries)
    with tempfile.TemporaryDirectory() as folder:
        image = os.path.join(folder, "bench.img")
        disk.make(image, "64M")
        words = machine.command(1, "128M", image, bios, "", extra=["-icount", "shift=0", "-plugin", options])
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, bufsize=0)
        said, deadline = b"", time.monotonic() + TIMEOUT
        while b"$ " not in said and time.monotonic() < deadline:
            if select.select([process.stdout], [], [], 1)[0]:
                data = os.read(process.stdout.fileno(), 4096)
                if not data:
                    break
                said += data
        process.terminate()
        process.wait()
    if b"$ " not in said:
        raise Failure("the machine did not come to its prompt")
    first, total = {}, 0
    with open(reports_file) as f:
        for line in f:
            w = line.split()
            if w[0] == "F":
                first[int(w[1], 16)] = int(w[2])
            elif w[0] == "T":
                total = int(w[1])
    kernel, user = (first[e] for e in entries)
    print(f"boot: {kernel} instructions to the kernel's first, {user - kernel} from there to the first of user "
          f"mode, {total - kernel} to the prompt")
    return Row("boot_to_first_user_instruction", user, 1,
               f"all, of which {kernel} before the kernel entry", (0, user - kernel, kernel))


def measure(groups, bios):
    results = []
    chosen = " ".join(g for g in ("base", "mm", "file", "ipc") if g in groups)
    if chosen:
        results += one_hart("one-hart", chosen, bios)
    if "io" in groups:
        results += one_hart("io", "io", bios)
    if "smp" in groups:
        for harts in (1, 2, 4, 8):
            text, reports = run(f"smp{harts}", f"mmbench smp {harts}", harts, "shift=0", bios,
                                slice_=100)
            for (name, ns, ops), report in zip(rows(text), counts(reports)):
                m = re.fullmatch(r"(.+)_harts_\d", name)
                if m:
                    split = [report[0][k] / ops for k in range(3)]
                    results.append(Row(m[1], split[1] + split[2], harts, "caller kernel+firmware", split))
    if "boot" in groups:
        results.append(boot(bios))
    return results


def functions(path):
    """[(address, name)] of an ELF file, by address."""
    listing = subprocess.run(["riscv64-unknown-elf-nm", path], stdout=subprocess.PIPE, text=True).stdout
    words = (line.split() for line in listing.splitlines())
    return sorted((int(w[0], 16) & 0xffffffff, w[2]) for w in words
                  if len(w) == 3 and w[1] in "tTwW" and not w[2].startswith((".L", "$")))


def code(path):
    """(address, bytes) of the part of an ELF file that is executed."""
    with open(path, "rb") as f:
        elf = f.read()
    at, = struct.unpack_from("<I", elf, 28)
    size, count = struct.unpack_from("<HH", elf, 42)
    for k in range(count):
        kind, offset, address, _, in_file, _, flags, _ = struct.unpack_from("<8I", elf, at + k * size)
        if kind == 1 and flags & 1:
            return address, elf[offset:offset + in_file]
    return 0, b""


class Programs:
    """Finds whose a piece of user code is: every program is linked at the same address."""

    def __init__(self):
        self.all = []
        for folder in ("server", "bin"):
            for path in sorted(glob.glob(os.path.join(BUILD, "rootfs", folder, "*"))):
                with open(path, "rb") as f:
                    if f.read(4) == b"\x7fELF":
                        self.all.append((os.path.basename(path), *code(path), functions(path)))
        # The benchmark first: what is the same in many programs is likelier to be its own.
        self.all.sort(key=lambda program: program[0] != "mmbench")

    def name(self, pc, piece):
        for program, address, text, symbols in self.all:
            if text[pc - address:pc - address + len(piece)] == piece:
                at = bisect.bisect_right(symbols, (pc, chr(0x10ffff))) - 1
                return f"{program}:{symbols[at][1] if at >= 0 else '?'}"
        return "?"


def profiles(reports):
    """report number -> function -> instructions. User functions are called program:function."""
    symbols = sorted(functions(os.path.join(BUILD, "kernel.elf")) +
                     [(a, "firmware:" + n) for a, n in functions(os.path.join(BUILD, "firmware.elf"))])
    programs, known, result = Programs(), {}, {}
    with open(reports) as f:
        for line in f:
            w = line.split()
            if w[0] == "P":
                at = bisect.bisect_right(symbols, (int(w[3], 16), chr(0x10ffff))) - 1
                function = symbols[at][1] if at >= 0 else "?"
            elif w[0] == "U":
                key = w[2], w[3]
                if key not in known:
                    known[key] = programs.name(int(w[2], 16), bytes.fromhex(w[3]))
                function = known[key]
            else:
                continue
            totals = result.setdefault(int(w[1]), {})
            totals[function] = totals.get(function, 0) + int(w[-1])
    return result


def profile(name, bios):
    """The functions in which one benchmark spent its instructions."""
    group = "io" if name.startswith(IO_NAMES) else "base mm file ipc"
    text, reports = run("profile", "mmbench " + group, 1, "shift=0", bios, profile=True)
    printed = rows(text)
    names = [n for n, _, _ in printed]
    if name not in names:
        raise Failure(f"no benchmark is called {name}; there are: {' '.join(names)}")
    operations = printed[names.index(name)][2]
    totals = profiles(reports).get(names.index(name), {})
    print(f"{name}: instructions an operation, by function")
    for function, n in sorted(totals.items(), key=lambda x: -x[1])[:40]:
        print(f"  {function:40s} {n / operations:10.1f}")


def verdict(row, peer):
    """The ratio in words; 'under 2' rows are named again with their profiles."""
    if not peer:
        return "         -", False
    ratio = f"{peer[0] / row.value:10.2f}"
    # Nothing but the benchmark's own loop ran: the clock's step and the compilers differ, not the systems.
    if row.split[1] + row.split[2] < 0.05:
        return ratio + "  no kernel code", False
    if row.value > peer[0]:
        return ratio + "  slower", True
    return ratio, peer[0] < 2 * row.value


def print_profile(row, top):
    parts = sorted((row.profile or {}).items(), key=lambda x: -x[1])[:top]
    print(f"  {row.name}: " + ", ".join(f"{f} {n:.0f}" for f, n in parts))


def main(args):
    os.makedirs(OUT, exist_ok=True)
    if args.profile:
        profile(args.profile, args.bios)
        return 0
    known = ("base", "mm", "file", "ipc", "io", "smp", "boot")
    groups = set(args.groups.split()) or set(known)
    if groups - set(known):
        raise Failure(f"no group is called {' '.join(sorted(groups - set(known)))}; there are: {' '.join(known)}", 2)
    results = measure(groups, args.bios)
    peers = linux()
    path = os.path.join(OUT, "results.tsv")
    with open(path, "w") as f:
        f.write("# Quire: instructions per operation. name, value, harts, what is counted\n")
        for row in results:
            f.write(f"{row.name}\t{row.value:.1f}\t{row.harts}\t{row.what}\n")
    print(f"{'instructions per operation':44s} harts      Quire      Linux   Linux/Quire  user kernel firmware")
    below, slower = [], 0
    for row in results:
        peer = peers.pop((row.name, row.harts), None)
        words, under = verdict(row, peer)
        if under:
            below.append(row)
            slower += row.value > peer[0]
        print(f"{row.name:44s} {row.harts:5d} {row.value:10.1f} {peer[0] if peer else float('nan'):10.1f} "
              f"{words:10s}   {row.split[0]:.0f} {row.split[1]:.0f} {row.split[2]:.0f}")
    if groups == set(known):
        for name, harts in peers:
            print(f"{name:44s} {harts:5d}          -  {peers[name, harts][0]:10.1f}  not measured")
    if below:
        print("\nLess than twice as fast, and the functions in which most instructions went:")
        for row in below:
            print_profile(row, 6)
    print(f"\n{slower} of {len(results)} are slower than Linux 6.1; the table is in {path}")
    return 0
