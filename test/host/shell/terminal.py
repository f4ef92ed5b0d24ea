"""Drives an interactive shell on a pseudo-terminal: prompts, ^C, ^Z, ^D, jobs."""
import argparse
import os
import pty
import re
import select
import sys
import time

PROMPT = r"quire:/\$ "
SETTLE = 0.3  # seconds for a command just typed to be running


class Terminal:
    def __init__(self, bin_dir):
        self.pending = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir("/")
            env = {"PATH": bin_dir + ":/usr/bin:/bin", "HOME": "/", "PWD": "/", "LC_ALL": "C",
                   "ASAN_OPTIONS": "detect_leaks=0"}
            os.execve(os.path.join(bin_dir, "sh"), ["sh"], env)

    def expect(self, pattern, timeout=20):
        """Waits for the pattern and returns what came before it; fails the test if it does not."""
        end = time.monotonic() + timeout
        while True:
            found = re.search(pattern, self.pending)
            if found:
                before = self.pending[:found.start()]
                self.pending = self.pending[found.end():]
                return before
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                sys.exit(f"FAILED: no {pattern!r} in {self.pending!r}")
            try:
                data = os.read(self.fd, 4096)
            except OSError:
                data = b""
            if not data:
                sys.exit(f"FAILED: the shell ended before {pattern!r}, after {self.pending!r}")
            self.pending += data.decode("latin-1")

    def type(self, text):
        os.write(self.fd, text.encode("latin-1"))

    def line(self, text, *patterns):
        """Types a line, skips its echo, expects the patterns in turn and then a prompt."""
        self.type(text + "\n")
        self.expect(re.escape(text) + r"\r\n")
        for pattern in patterns:
            self.expect(pattern)
        self.expect(PROMPT)

    def interrupt(self, text):
        """Types a line that goes on for ever, and ^C."""
        self.type(text + "\n")
        self.expect(re.escape(text) + r"\r\n")
        time.sleep(SETTLE)
        self.type("\x03")
        self.expect(PROMPT)

    def finish(self):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    os.read(self.fd, 4096)
                except OSError:
                    pass
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
        sys.exit("FAILED: the shell did not end")


def test_interrupts(t):
    t.interrupt("sleep 30")
    t.line("echo status=$?", "status=130")
    for endless in ("while true; do sleep 1; done", "while :; do :; done", "x=$(sleep 30)",
                    "(sleep 30; echo no)", "f() { sleep 30; }; f", "read x", "sleep 30 | cat"):
        t.interrupt(endless)
    t.type("echo unfinished")
    t.expect("unfinished")
    t.type("\x03")
    t.expect(PROMPT)
    t.line('trap "echo trapped" INT')
    t.line("kill -INT $$", "trapped")
    t.line("trap - INT")


def test_continuation(t):
    t.type("for i in 1 2\ndo echo i$i\ndone\n")
    t.expect(r"> .*> .*i1\r\ni2")
    t.expect(PROMPT)
    t.type("if true\n")
    t.expect(r"\n> ")
    t.type("\x03")
    t.expect(PROMPT)
    t.line("echo status=$?", "status=130")


def test_jobs(t):
    t.line("sleep 0.5 &", r"\[1\] \d+")
    t.line("jobs", r"\[1\]\+  Running +sleep 0.5 &")
    time.sleep(1)
    t.line("", r"\[1\]\+  Done +sleep 0.5")
    t.line("sleep 30 | cat &")
    t.type("fg\n")
    t.expect(r"sleep 30 \| cat")
    time.sleep(SETTLE)
    t.type("\x03")
    t.expect(PROMPT)
    t.type("sleep 30\n")
    time.sleep(SETTLE)
    t.type("\x1a")
    t.expect(r"\[1\]\+  Stopped +sleep 30")
    t.expect(PROMPT)
    t.line("bg", "Running")
    t.line("kill %1; wait", "Terminated|")
    t.line("sleep 30 &")
    t.interrupt("wait")
    t.line("kill %1")


def test_errors(t):
    t.line("fi", "sh: syntax error: unexpected 'fi'")
    t.line("echo status=$?", "status=2")
    t.line("echo ${x?not there}; echo no", "sh: x: not there")
    t.line("nosuchcommand", "sh: nosuchcommand: not found")
    t.line("readonly r=1; r=2; echo no", "sh: r: is read only")
    t.line("echo still here", r"still here\r\n")


def test_input(t):
    t.type("cat\n")
    t.expect(r"cat\r\n")
    t.type("typed\n")
    t.expect(r"typed\r\ntyped\r\n")
    t.type("\x04")
    t.expect(PROMPT)
    t.type("read x; echo got:$x\n")
    t.expect(r"\$x\r\n")
    t.type("words\n")
    t.expect("got:words")
    t.expect(PROMPT)
    t.type("cd /usr\n")
    t.expect(r"quire:/usr\$ ")
    t.line("cd /")
    t.type("PS1='% '\n")
    t.expect(r"\n% ")
    t.line("unset PS1")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    bin_dir = os.path.abspath(parser.parse_args().bin)
    tests = (test_input, test_continuation, test_interrupts, test_jobs, test_errors)
    for test in tests:
        t = Terminal(bin_dir)
        t.expect(PROMPT)
        test(t)
        t.type("exit 3\n")
        if t.finish() != 3:
            sys.exit(f"FAILED: {test.__name__}: exit status")
        print(f"{test.__name__}: passed")
    t = Terminal(bin_dir)
    t.expect(PROMPT)
    t.type("\x04")
    if t.finish() != 0:
        sys.exit("FAILED: ^D does not end the shell")
    print("^D: passed")


if __name__ == "__main__":
    main()
