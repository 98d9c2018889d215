"""Servers and certificates from elsewhere, for the suites that send a client against them."""

import contextlib
import importlib.util
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

from harbour import TARGET, skip

NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
MODULES = pathlib.Path("/usr/lib/nginx/modules")


def own_python(suite, packages, modules):
    """Goes on with the suite, in a Python that has these modules; it gets its own environment with these packages."""
    if all(importlib.util.find_spec(module) for module in modules):
        return
    name = pathlib.Path(suite).name
    reason = f"needs Python's {', '.join(packages)}, which could not be installed"
    if os.environ.get("PEERS_VENV"):
        skip(reason)
    environment = TARGET / "peers" / f"venv-{name}"
    install = [[sys.executable, "-m", "venv", environment], [environment / "bin/python", "-m", "pip", "install", "-q", *packages]]
    if any(subprocess.run(command, capture_output=True).returncode for command in install):
        skip(reason)
    python = str(environment / "bin/python")
    os.execve(python, [python, str(pathlib.Path(suite).resolve())], {**os.environ, "PEERS_VENV": "1"})


@contextlib.contextmanager
def program(*command, ready=None, within=30, **how):
    """Runs a program, and ends it; `ready` is a port, or the path of a socket, that can be connected to when it is up."""
    how.setdefault("stdout", subprocess.DEVNULL)
    how.setdefault("stderr", subprocess.DEVNULL)
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, **how)
    try:
        if ready is not None and not up(ready, process, within):
            raise SystemExit(f"FAILED {command[0]} did not start")
        yield process
    finally:
        end(process)


def end(process):
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def up(ready, process, within):
    until = time.monotonic() + within
    while time.monotonic() < until and process.poll() is None:
        family, address = (socket.AF_INET, ("127.0.0.1", ready)) if isinstance(ready, int) else (socket.AF_UNIX, str(ready))
        with socket.socket(family) as attempt:
            if attempt.connect_ex(address) == 0:
                return True
        time.sleep(0.05)
    return False


def free_port():
    """Returns a port that was free a moment ago, for programs that can neither be given a socket nor tell which they have."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@contextlib.contextmanager
def nginx(directory, servers, streams=(), extra="", load=()):
    """Starts nginx with a server for each body, on ports that the system chose, and gives their ports.

    Each is a pair: the words after the address that it listens to, such as `ssl http2`, and the body.
    """
    sockets, blocks = [], {"http": "", "stream": ""}
    for kind, bodies in (("http", servers), ("stream", streams)):
        for words, body in bodies:
            listening = socket.create_server(("127.0.0.1", 0), backlog=512)
            sockets.append(listening)
            blocks[kind] += f"server {{ listen 127.0.0.1:{listening.getsockname()[1]} {words}; {body} }}\n"
    modules = [*load, *(["ngx_stream_module.so"] if streams else [])]
    config = pathlib.Path(directory, "nginx.conf")
    config.write_text(f"""
{''.join(f'load_module {MODULES / one};' for one in modules)}
{'user root;' if os.getuid() == 0 else ''} daemon off; worker_processes 1; pid {directory}/nginx.pid; error_log {directory}/nginx.log info;
events {{ worker_connections 4096; }}
http {{
    access_log off; default_type application/octet-stream; types {{ text/plain txt; }}
    client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
    scgi_temp_path {directory}/scgi; uwsgi_temp_path {directory}/uwsgi; client_max_body_size 0;
    {extra}
    {blocks['http']}
}}
{f"stream {{ {blocks['stream']} }}" if streams else ''}
""")
    process = subprocess.Popen(
        [NGINX, "-c", str(config), "-p", directory, "-e", f"{directory}/nginx.log"],
        pass_fds=[one.fileno() for one in sockets], stdin=subprocess.DEVNULL,
        env={**os.environ, "NGINX": "".join(f"{one.fileno()};" for one in sockets)},
    )
    try:
        # Who connects before nginx is ready waits in the queue of the socket.
        yield [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
        end(process)
        if process.returncode:
            print(pathlib.Path(directory, "nginx.log").read_text())


class Authority:
    """A certificate authority that lasts as long as its folder; files are `NAME.pem` and `NAME.key`."""

    def __init__(self, folder):
        self.folder = folder
        self.openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "10", "-subj", "/CN=Harbour Authority",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            "-keyout", "authority.key", "-out", "authority.pem",
        )

    def openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise SystemExit(f"FAILED openssl {arguments[0]}: {done.stderr}")
        return done.stdout

    def issue(self, name, alternative, days=10, usage="serverAuth"):
        """Issues a certificate for alternative names such as `DNS:localhost`, and returns the paths of it and its key."""
        self.openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr",
        )
        pathlib.Path(self.folder, f"{name}.ext").write_text(
            f"subjectAltName={alternative}\nbasicConstraints=critical,CA:FALSE\nextendedKeyUsage={usage}\n"
        )
        period = ["-days", str(days)]
        self.openssl(
            "x509", "-req", "-in", f"{name}.csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial", *period,
            "-extfile", f"{name}.ext", "-out", f"{name}.pem",
        )
        return self.path(f"{name}.pem"), self.path(f"{name}.key")

    def path(self, name):
        return f"{self.folder}/{name}"

    @property
    def root(self):
        return self.path("authority.pem")

    def sha256(self, name, of="certificate"):
        """The fingerprint of a certificate, or of its public key."""
        if of == "certificate":
            return self.openssl("x509", "-in", f"{name}.pem", "-noout", "-fingerprint", "-sha256").strip().split("=")[1]
        self.openssl("x509", "-in", f"{name}.pem", "-noout", "-pubkey", "-out", f"{name}.pub")
        self.openssl("pkey", "-pubin", "-in", f"{name}.pub", "-outform", "DER", "-out", f"{name}.der")
        return self.openssl("dgst", "-sha256", "-r", f"{name}.der").split()[0]
