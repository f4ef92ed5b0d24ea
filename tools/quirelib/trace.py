"""--trace: what the `trace` program prints after a line, as Chrome trace-event JSON for Perfetto."""
import json

from .common import Failure

MARK = b"\x01QUIRE-TRACE\x02"
KINDS = {1: "fault", 2: "fence", 3: "call", 4: "reply", 5: "switch", 6: "syscall", 7: "fetch",
         8: "writeback", 9: "irq", 10: "wake"}
FIELDS = {1: ("address", "kind", "frame"), 2: ("targets", "pages", "address"),
          3: ("label", "badge", "server"), 4: ("label", "token", "client"), 5: ("tid", "pid", "-"),
          6: ("number", "argument", "tid"), 7: ("key", "first", "pages"), 8: ("key", "first", "pages"),
          9: ("source", "-", "-"), 10: ("woken", "-", "-")}


def wrap(line):
    """The line with recording around it; its status is kept."""
    return f"trace on; {{ {line}\n}}; quire_status=$?; trace dump; exit $quire_status"


def export(output, path):
    """Writes the JSON file; returns the line's own output."""
    at = output.find(MARK)
    if at < 0:
        raise Failure("the machine has sent no trace")
    events, running = [], {}
    for row in output[at + len(MARK):].decode(errors="replace").splitlines():
        words = row.split()
        if len(words) != 8 or words[0] != "T":
            continue
        time, kind, hart, a, b, c, tid = (int(w, 16) for w in words[1:])
        microseconds = time / 1000
        if kind == 5:
            if hart in running:
                start, name = running[hart]
                events.append({"name": name, "ph": "X", "ts": start, "dur": microseconds - start,
                               "pid": 0, "tid": hart, "cat": "run"})
            running[hart] = (microseconds, f"thread {a} (pid {b})")
            continue
        names = FIELDS.get(kind, ("a", "b", "c"))
        events.append({"name": KINDS.get(kind, str(kind)), "ph": "i", "s": "t", "ts": microseconds,
                       "pid": 0, "tid": hart, "cat": KINDS.get(kind, "other"),
                       "args": {**{n: f"0x{v:x}" for n, v in zip(names, (a, b, c)) if n != "-"},
                                "thread": tid}})
    harts = sorted({e["tid"] for e in events})
    events += [{"name": "thread_name", "ph": "M", "pid": 0, "tid": h, "args": {"name": f"hart {h}"}}
               for h in harts]
    events.append({"name": "process_name", "ph": "M", "pid": 0, "args": {"name": "Quire"}})
    with open(path, "w") as f:
        json.dump({"traceEvents": events, "displayTimeUnit": "ns"}, f)
    return output[:at]
