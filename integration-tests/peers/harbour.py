"""Starts `harbour` on a free port with an empty database, for the suites beside this file."""

import contextlib
import ctypes
import importlib.util
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


class Harbour:
    """A running harbour: `port`, `socket` (a unix socket), and how it ended."""

    def __init__(self, directory, release, environment):
        profile = ["--release"] if release else []
        subprocess.run(["cargo", "build", "-q", "-p", "harbour", *profile], cwd=ROOT, check=True)
        self.socket = f"{directory}/harbour.sock"
        self.log = open(f"{directory}/stderr", "w+")
        environment = {
            **os.environ,
            "WHARF_BIND": f"127.0.0.1:0,unix:{self.socket}",
            "DATABASE_URL": f"sqlite:{directory}/harbour.db",
            **environment,
        }
        self.process = subprocess.Popen(
            [TARGET / ("release" if release else "debug") / "harbour"],
            cwd=directory, env=environment, stdout=subprocess.PIPE, stderr=self.log, text=True,
        )
        self.banner = self.process.stdout.readline()
        port = re.search(r"http://127\.0\.0\.1:(\d+)", self.banner)
        if not port:
            self.process.kill()
            raise SystemExit(f"harbour did not start: {self.banner!r} {self.stderr()}")
        self.port = int(port[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def stderr(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read()

    def stop(self):
        """Asks it to end in order, and returns its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)


@contextlib.contextmanager
def harbour(release=False, **environment):
    with tempfile.TemporaryDirectory() as directory:
        running = Harbour(directory, release, environment)
        try:
            yield running
        finally:
            if running.process.poll() is None:
                running.process.kill()
                running.process.wait()


def check(name, got, wanted):
    """Prints one line for a check, and ends the suite when it failed."""
    if got != wanted:
        print(f"FAILED {name}: got {got!r}, wanted {wanted!r}")
        sys.exit(1)
    print(f"ok     {name}")


def skip(reason):
    print(reason)
    sys.exit(77)


def adopt_orphans():
    """Makes this process the parent of whoever takes over from its children, so that it can wait for them."""
    set_child_subreaper = 36
    if ctypes.CDLL(None, use_errno=True).prctl(set_child_subreaper, 1, 0, 0, 0):
        skip("needs a kernel that gives orphans to this process")


def ended(process):
    """Waits for a child or an orphan, and returns its exit status."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def end_all(processes):
    """Kills those that a suite which failed has left behind."""
    for process in processes:
        with contextlib.suppress(ChildProcessError, ProcessLookupError):
            if os.waitpid(process, os.WNOHANG)[0] == 0:
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)


def python_with(suite, *modules):
    """Goes on with the suite, in a Python that has these modules; they are installed when they are not there."""
    if all(importlib.util.find_spec(module) for module in modules):
        return
    environment = TARGET / "peers" / "venv"
    reason = f"needs Python's {' and '.join(modules)}, which could not be installed"
    if os.environ.get("PEERS_VENV"):
        skip(reason)
    install = [[sys.executable, "-m", "venv", environment], [environment / "bin/pip", "install", "-q", *modules]]
    if any(subprocess.run(command, capture_output=True).returncode for command in install):
        skip(reason)
    # The program's own name is how Python finds the environment that it belongs to.
    python = str(environment / "bin/python")
    os.execve(python, [python, str(pathlib.Path(suite).resolve())], {**os.environ, "PEERS_VENV": "1"})
