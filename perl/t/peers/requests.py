# What schemathesis does here beyond its own: it meets entries that exist, hands in secrets that are easy to
# recognise, sends each request as other users and in the other format too, looks for secrets in every answer,
# brings back what a call has changed, and counts.
# REQUESTS_PLAN names a file of JSON: canary, names (parts of paths, and names there), kept (file => content), certificate,
# users (name => header fields), report (a file).

import atexit
import base64
import concurrent.futures
import json
import os
import time
import zlib

import requests
import schemathesis

with open(os.environ["REQUESTS_PLAN"], encoding="utf-8") as file:
    PLAN = json.load(file)
CANARY = PLAN["canary"]
SECRETS = {
    "authorization-code",
    "client-secret",
    "code-verifier",
    "oauth2-client-secret",
    "oauth2-refresh-token",
    "password",
    "token",
}
# what a chance would hardly find; nothing listens at port 9
KNOWN = {
    "auth-method": ["plain", "google-oauth2", "microsoft-oauth2", "custom-oauth2"],
    "oauth2-authorize-url": ["https://127.0.0.1:9/authorize"],
    "oauth2-token-url": ["https://127.0.0.1:9/token", "http://127.0.0.1:9/token"],
    "redirect-uri": ["https://127.0.0.1:9/back"],
    "server": ["127.0.0.1", "http://127.0.0.1:9", "[::1]"],
    "tenant-id": ["common"],
    "token-url": ["https://127.0.0.1:9/token", "http://127.0.0.1:9/token"],
    "url": ["http://127.0.0.1:9/"],
}
FORMS = {CANARY.lower()} | {
    base64.b64encode((shift + CANARY).encode()).decode()[4:12].lower() for shift in ("", "x", "xx")
}
# a test that fails, and a provider that cannot be asked
FAILS = {"/cluster/notifications/targets/{name}/test": {500}} | {
    "/cluster/notifications/" + path: {502, 504}
    for path in ("smtp-oauth2-token", "smtp-oauth2-device", "smtp-oauth2-device-poll", "smtp-oauth2-discover", "endpoints/smtp/{name}/revoke")
}
LOGIN = ("Cookie", "CSRFPreventionToken", "Authorization")

count = {"requests": 0, "status": {}, "user": {}, "slowest": 0.0, "slowest_call": "", "faults": []}
sessions = {}
pool = concurrent.futures.ThreadPoolExecutor(len(PLAN["users"]) + 1)


def pick(value, among):
    """One of several by what the value is, so that a seed leads to the same calls each time."""
    return zlib.crc32(repr(value).encode("utf-8", "surrogatepass")) % among


@schemathesis.hook
def map_path_parameters(ctx, path_parameters):
    if path_parameters and "name" in path_parameters and pick(path_parameters, 4):
        names = next(names for part, names in PLAN["names"] if part in ctx.operation.path)
        path_parameters["name"] = names[pick(path_parameters["name"], len(names))]
    return path_parameters


@schemathesis.hook
def map_body(ctx, body):
    if not isinstance(body, dict) or not pick(body, 3):
        return body
    for name in KNOWN.keys() & body.keys():
        if isinstance(body[name], str) and pick(body[name], 4):
            body[name] = KNOWN[name][pick(body, len(KNOWN[name]))]
    for name in SECRETS & body.keys():
        if isinstance(body[name], str):
            body[name] = CANARY + body[name]
        elif isinstance(body[name], list):
            body[name] = [CANARY]
    if isinstance(body.get("secret"), list):
        value = base64.b64encode(CANARY.encode()).decode()
        body["secret"] += [[f"name=x,value={value}", CANARY, f"name=x,value={CANARY}%"][pick(body, 3)]]
    return body


def look(user, case, status, text, seconds):
    """Counts an answer and judges it."""
    call = f"{case.method} {case.operation.path}"
    count["requests"] += 1
    for table, key in (("status", str(status)), ("user", user)):
        count[table][key] = count[table].get(key, 0) + 1
    if seconds > count["slowest"]:
        count["slowest"], count["slowest_call"] = seconds, call
    if status != 501 and not 200 <= status < 500 and status not in FAILS.get(case.operation.path, ()):
        count["faults"].append(f"{user}: {call}: status {status}: {text[:300]}")
    if any(form in text.lower() for form in FORMS):
        count["faults"].append(f"{user}: {call}: a secret is in the answer: {text[:300]}")


def again(user, case, request, path):
    """The same request as another user; of the format extjs the status that stands in the answer counts."""
    session = sessions.setdefault(user, requests.Session())
    session.trust_env = False
    other = request.copy()
    for name in LOGIN:
        other.headers.pop(name, None)
    other.headers.update(PLAN["users"].get(user, PLAN["users"]["full"]))
    other.url = other.url.replace("/api2/json", path, 1)
    start = time.monotonic()
    try:
        answer = session.send(other, verify=PLAN["certificate"], timeout=30, allow_redirects=False)
    except requests.RequestException as error:
        return user, case, 599, str(error), time.monotonic() - start
    status = answer.status_code
    if path != "/api2/json" and status == 200 and case.method != "HEAD":
        data = answer.json()
        status = 200 if data["success"] else int(data["status"])
    return user, case, status, answer.text + str(answer.headers), time.monotonic() - start


@schemathesis.hook
def after_call(ctx, case, response):
    text = response.content.decode("utf-8", "replace") + str(response.headers)
    look("full", case, response.status_code, text, response.elapsed)
    others = [(user, "/api2/json") for user in PLAN["users"] if user != "full"] + [("extjs", "/api2/extjs")]
    tries = [pool.submit(again, user, case, response.request, path) for user, path in others]
    for one in tries:
        look(*one.result())
    if case.method in ("DELETE", "PUT", "POST"):
        for path, content in PLAN["kept"].items():
            with open(f"{path}.kept", "w", encoding="utf-8") as file:
                file.write(content)
            os.replace(file.name, path)


@atexit.register
def report():
    with open(PLAN["report"], "w", encoding="utf-8") as file:
        json.dump(count, file)
