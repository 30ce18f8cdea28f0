"""An HTTP server that answers as its first argument says, for what no proper server does on demand.

Arguments: {"replies": [{"status", "body", "headers", "drop", "wait_s"}, ...]}, a folder to note requests in,
and "tls" for HTTPS, with a certificate of its own (`cert.pem` in the folder). Prints its address.
"""

import json
import ssl
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

replies = json.loads(sys.argv[1])["replies"]
folder = Path(sys.argv[2])


class Handler(BaseHTTPRequestHandler):
    """Answers by the plan, and notes method, path and credentials of each request."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """Give the next reply of the plan, `{}` after the last."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with (folder / "requests").open("a") as notes:
            notes.write(f"{self.command} {self.path} {self.headers.get('Authorization', '-')}\n")
        reply = replies.pop(0) if replies else {}
        time.sleep(reply.get("wait_s", 0))
        if reply.get("drop"):
            self.close_connection = True
            return
        body = json.dumps(reply.get("body", {})).encode()
        self.send_response(reply.get("status", 200))
        for name, value in {"Content-Length": len(body), **reply.get("headers", {})}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what is printed is read by the test."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
scheme = "http"
if "tls" in sys.argv:
    name = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *name, *files]
    subprocess.run(make, check=True, capture_output=True)  # noqa: S603 - all of it is ours.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "https"
print(f"{scheme}://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
