"""./quire bench: runs mmbench under instruction counting and prints it beside Linux's numbers.

Three kinds of run, since no single one can measure everything (README.md tells why):
  one hart, no I/O    the `time` register: instructions of everything, the benchmark's own loop included
  one hart, I/O       the plugin's count: user (the servers' and the benchmark's) + kernel + firmware
  several harts       the plugin's count on the calling hart: kernel + firmware
"""
import csv
import os
import re
import subprocess
import sys
import tempfile

from quirelib import disk, machine
from quirelib.common import BUILD, TOP, Failure

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(BUILD, "bench")
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
            status = machine.run_line(words, output.extend, log.write, timeout=1500)
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


def measure(groups, bios):
    results = []  # (name, value, harts, what)
    if groups & {"base", "mm", "file", "ipc"}:
        chosen = " ".join(g for g in ("base", "mm", "file", "ipc") if g in groups)
        text, reports = run("one-hart", "mmbench " + chosen, 1, "shift=0", bios)
        split = counts(reports)
        for (name, ns, ops), report in zip(rows(text), split):
            if name == "boot_to_first_user_instruction":
                continue
            results.append((name, ns, 1, "all"))
            per_op = [x / ops for x in report[0][:3]]
            print(f"  {name:46s} user {per_op[0]:9.1f} kernel {per_op[1]:9.1f} firmware {per_op[2]:7.1f}",
                  file=sys.stderr)
    if "io" in groups:
        text, reports = run("io", "mmbench io", 1, "shift=0", bios)
        for (name, ns, ops), report in zip(rows(text), counts(reports)):
            if name.startswith(IO_NAMES):
                user, kernel, fw = (report[0][k] / ops for k in range(3))
                results.append((name, user + kernel + fw, 1, "user+kernel+firmware"))
    if "smp" in groups:
        for harts in (1, 2, 4, 8):
            text, reports = run(f"smp{harts}", f"mmbench smp {harts}", harts, "shift=0,sleep=off", bios,
                                slice_=100)
            for (name, ns, ops), report in zip(rows(text), counts(reports)):
                m = re.fullmatch(r"(.+)_harts_\d", name)
                if m:
                    user, kernel, fw = (report[0][k] / ops for k in range(3))
                    results.append((m[1], kernel + fw, harts, "caller kernel+firmware"))
    return results


def profile(name, bios):
    """The kernel and firmware functions in which one benchmark spent its instructions."""
    import bisect
    group = "io" if name.startswith(IO_NAMES) else "base mm file ipc"
    text, reports = run("profile", "mmbench " + group, 1,
                        "shift=0" if group == "io" else "shift=0,sleep=off", bios, profile=True)
    names = [n for n, _, _ in rows(text)]
    if name not in names:
        raise Failure(f"no benchmark is called {name}; there are: {' '.join(names)}")
    symbols = []
    for file in ("kernel.elf", "firmware.elf"):
        listing = subprocess.run(["riscv64-unknown-elf-nm", os.path.join(BUILD, file)],
                                 stdout=subprocess.PIPE, text=True).stdout
        for line in listing.splitlines():
            words = line.split()
            if len(words) == 3 and words[1] in "tTwW" and not words[2].startswith((".L", "$")):
                symbols.append((int(words[0], 16) & 0xffffffff, words[2]))
    symbols.sort()
    starts = [s for s, _ in symbols]
    operations = {n: o for n, _, o in rows(text)}[name]
    wanted, totals = names.index(name), {}
    with open(reports) as f:
        for line in f:
            w = line.split()
            if w[0] == "P" and int(w[1]) == wanted:
                at = bisect.bisect_right(starts, int(w[3], 16)) - 1
                function = symbols[at][1] if at >= 0 else "?"
                totals[function] = totals.get(function, 0) + int(w[4])
    print(f"{name}: instructions an operation, by function (kernel and firmware)")
    for function, n in sorted(totals.items(), key=lambda x: -x[1])[:30]:
        print(f"  {function:40s} {n / operations:10.1f}")


def main(args):
    os.makedirs(OUT, exist_ok=True)
    if args.profile:
        profile(args.profile, args.bios)
        return 0
    groups = set(args.groups.split()) or {"base", "mm", "file", "ipc", "io", "smp"}
    results = measure(groups, args.bios)
    peers = linux()
    path = os.path.join(OUT, "results.tsv")
    with open(path, "w") as f:
        f.write("# Quire: instructions per operation. name, value, harts, what is counted\n")
        for name, value, harts, what in results:
            f.write(f"{name}\t{value:.1f}\t{harts}\t{what}\n")
    print(f"{'instructions per operation':46s} harts      Quire      Linux   Linux/Quire")
    slower = 0
    for name, value, harts, _ in results:
        peer = peers.get((name, harts))
        ratio = f"{peer[0] / value:10.2f}" if peer and value else "         -"
        if peer and value > peer[0] * 1.005:
            slower += 1
            ratio += "  slower"
        print(f"{name:46s} {harts:5d} {value:10.1f} {peer[0] if peer else float('nan'):10.1f} {ratio}")
    print(f"{slower} of {len(results)} are slower than Linux 6.1; the table is in {path}")
    return 0
