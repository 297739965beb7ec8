# Python's smtplib as a baseline: sends the mail in a file to a server, as often as each line of
# standard input says, and answers a line with the seconds that each took.
# usage: mail_by_smtplib.py MAIL PORT

import smtplib
import sys
import time

path, port = sys.argv[1:]
with open(path, "rb") as file:
    mail = file.read()


def send():
    with smtplib.SMTP("localhost", int(port)) as server:
        server.sendmail("pve@example.org", ["ann@example.org"], mail)


for line in sys.stdin:
    times = []
    for _ in range(int(line)):
        start = time.perf_counter()
        send()
        times.append(time.perf_counter() - start)
    print(*times, flush=True)
