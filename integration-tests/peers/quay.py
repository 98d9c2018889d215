"""Starts `quay`, the program of the tests, for the suites beside this file; its routes are in src/bin/quay.rs."""

import contextlib
import os
import re
import signal
import subprocess
import tempfile

from harbour import ROOT, TARGET


class Quay:
    """A running quay: `port`, `tls_port` where it has a certificate, and how it ended."""

    def __init__(self, directory, arguments, environment):
        self.log = open(f"{directory}/stderr", "w+")
        self.process = subprocess.Popen(
            [TARGET / "debug" / "quay", "--bind=127.0.0.1:0", "--access-log=off", *arguments],
            env={**os.environ, "QUAY": "report", **environment},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log, text=True,
        )
        banner = self.process.stdout.readline()
        ports = [re.search(scheme + r"://127\.0\.0\.1:(\d+)", banner) for scheme in ("http", "https")]
        if not ports[0]:
            self.process.kill()
            raise SystemExit(f"quay did not start: {banner!r} {self.stderr()}")
        self.port, self.tls_port = [port and int(port[1]) for port in ports]

    def stderr(self):
        return open(self.log.name).read()

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def report(self):
        """How the server ended, as it says itself: how many connections have drained, how many were cut, how many tasks."""
        self.process.wait(40)
        found = re.search(r"drained (\d+), cut (\d+), tasks cut (\d+)", self.stderr())
        return tuple(int(count) for count in found.groups()) if found else self.stderr()


def build():
    subprocess.run(["cargo", "build", "-q", "-p", "integration-tests", "--bin", "quay"], cwd=ROOT, check=True)


@contextlib.contextmanager
def quay(*arguments, **environment):
    with tempfile.TemporaryDirectory() as directory:
        running = Quay(directory, arguments, environment)
        try:
            yield running
        finally:
            if running.process.poll() is None:
                running.process.kill()
                running.process.wait()
