# Reads a mail as Python's email package does: from standard input to a line of JSON.

import email
import email.policy
import json
import sys

mail = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
parts = [part for part in mail.walk() if not part.is_multipart()]
print(json.dumps({
    "subject": str(mail["subject"]),
    "author": mail["from"].addresses[0].display_name,
    "from": mail["from"].addresses[0].addr_spec,
    "to": [address.addr_spec for address in mail["to"].addresses],
    "id": str(mail["message-id"]),
    "auto-submitted": str(mail["auto-submitted"]),
    "type": mail.get_content_type(),
    "texts": {part.get_content_type(): part.get_content() for part in parts},
    "defects": [str(defect) for part in mail.walk() for defect in part.defects]
    + [str(defect) for value in mail.values() for defect in getattr(value, "defects", [])],
}))
