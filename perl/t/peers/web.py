# Python's own web server over TLS, as Gotify and as a webhook's receiver for the tests.
# usage: web.py PKI-FOLDER
# It listens on loopback, prints a line of JSON with its port, then one for each request it has read:
# method, path, header fields, body. It ends with its standard input.

import http.server
import json
import os
import ssl
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def take(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        fields = {name.lower(): value for name, value in self.headers.items()}
        print(json.dumps([self.command, self.path, fields, body]), flush=True)
        if fields.get("x-gotify-key") == "wr0ng-cAnArY":
            self.answer(401, {"errorCode": 401, "errorDescription": "wr0ng-cAnArY is no token"})
        else:
            self.answer(200, {})

    do_POST = do_PUT = take

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


pki = sys.argv[1]
tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
tls.load_cert_chain(f"{pki}/server.crt", f"{pki}/server.key")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.socket = tls.wrap_socket(server.socket, server_side=True)
print(json.dumps({"port": server.server_port}), flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
os._exit(0)
