# aiosmtpd, an independent mail server, as a peer for the tests: keeps its mails in a Maildir.
# usage: sink.py MAILDIR PKI-FOLDER USER PASSWORD
# It listens on loopback in the clear and without login, with STARTTLS, and with TLS from the start,
# prints one line of JSON with the three ports, and ends with its standard input.

import asyncio
import json
import ssl
import sys

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP, AuthResult

maildir, pki, user, password = sys.argv[1:]
tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
tls.load_cert_chain(f"{pki}/server.crt", f"{pki}/server.key")


class Handler(Mailbox):
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("gone@"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"


def check(server, session, envelope, mechanism, login):
    good = (login.login, login.password) == (user.encode(), password.encode())
    return AuthResult(success=good, handled=False)


async def main():
    loop = asyncio.get_running_loop()
    handler = Handler(maildir)
    secured = {"authenticator": check, "auth_required": True}

    async def listen(context=None, **options):
        factory = lambda: SMTP(handler, loop=loop, **options)
        server = await loop.create_server(factory, "127.0.0.1", 0, ssl=context, backlog=200)
        return server.sockets[0].getsockname()[1]

    ports = {
        "clear": await listen(),
        "starttls": await listen(tls_context=tls, require_starttls=True, **secured),
        "tls": await listen(tls, auth_require_tls=False, **secured),
    }
    print(json.dumps(ports), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
