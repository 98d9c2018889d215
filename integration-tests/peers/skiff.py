"""Starts `skiff`, the program around a client, and tells it what to send; for the suites beside this file."""

import collections
import contextlib
import json
import os
import select
import subprocess
import sys

from harbour import ROOT, TARGET


def build():
    subprocess.run(["cargo", "build", "-q", "-p", "integration-tests", "--bin", "skiff"], cwd=ROOT, check=True)


class Skiff:
    """A running client. `send` takes what `Order` in the program's source has, and returns the answer as an `Answer`."""

    def __init__(self, settings, environment, before=()):
        self.process = subprocess.Popen(
            [*before, TARGET / "debug" / "skiff", json.dumps(settings)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **environment},
        )
        self.started = self.answer(30)

    def send(self, url, method="GET", within=60, **order):
        return Answer(self.tell({"send": {"url": url, "method": method, **order}}, within))

    def many(self, url, times, together=1, within=120, **order):
        """Sends the same request many times, and returns how many times what has come of it, and all that is told."""
        told = self.tell({"send": {"url": url, "times": times, "together": together, **order}}, within)
        return collections.Counter(told["outcomes"]), told

    def warm_up(self, url, count):
        return self.tell({"warm_up": [url, count]}, 30)

    def stats(self):
        return self.tell("stats", 10)

    def wait(self, seconds):
        self.tell({"wait": seconds}, seconds + 20)

    def close(self):
        self.tell("close", 20)

    def tell(self, line, within):
        self.process.stdin.write(json.dumps(line).encode() + b"\n")
        self.process.stdin.flush()
        return self.answer(within)

    def answer(self, within):
        if not select.select([self.process.stdout], [], [], within)[0]:
            return {"error": {"kind": "silent", "text": f"no answer within {within} s"}, "outcomes": {"silent": 1}}
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"FAILED skiff has ended: {self.process.stderr.read().decode()}")
        return json.loads(line)

    def memory(self, peak=False):
        """Returns how much memory it has, or had at most, in bytes."""
        wanted = "VmHWM:" if peak else "VmRSS:"
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith(wanted))


class Answer(dict):
    """What has come of a request."""

    @property
    def status(self):
        return self.get("status")

    @property
    def text(self):
        return self.get("body")

    @property
    def error(self):
        """The kind of the error, such as `Timeout(Connect)`, or `None`."""
        return self["error"]["kind"] if "error" in self else None

    @property
    def why(self):
        return self["error"]["text"] if "error" in self else ""

    @property
    def json(self):
        try:
            return json.loads(self.text)
        except (TypeError, ValueError):
            return {"not JSON": dict(self)}

    def header(self, name):
        return next((value for its, value in self.get("headers", []) if its == name), None)

    def headers(self, name):
        return [value for its, value in self.get("headers", []) if its == name]


@contextlib.contextmanager
def skiff(environment=None, before=(), **settings):
    """`before` is a command that it is started by."""
    running = Skiff(settings, environment or {}, before)
    try:
        yield running
    finally:
        running.process.stdin.close()
        try:
            running.process.wait(10)
        except subprocess.TimeoutExpired:
            running.process.kill()
            running.process.wait()
        running.process.stdout.close()
        running.process.stderr.close()


class Checks:
    """Prints one line per check; unlike `check` it goes on after one that failed, and ends the suite when all are done."""

    def __init__(self):
        self.passed, self.failed, self.skipped = 0, [], []

    def __call__(self, name, got, wanted, beside=None):
        """`beside` is printed when the check fails."""
        if got == wanted:
            self.passed += 1
            print(f"ok     {name}", flush=True)
        else:
            self.failed.append(name)
            print(f"FAILED {name}: got {got!r}, wanted {wanted!r}{f' ({beside})' if beside else ''}", flush=True)

    def skip(self, name, reason):
        self.skipped.append(name)
        print(f"no     {name}: {reason}", flush=True)

    def finish(self):
        numbers = f"{self.passed} checks passed, {len(self.failed)} failed, {len(self.skipped)} not made"
        if self.failed:
            print(f"{numbers}; the first that failed: {self.failed[0]}")
            sys.exit(1)
        print(numbers)
