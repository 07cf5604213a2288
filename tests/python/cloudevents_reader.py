"""An independent reader of the audit log's export: the CloudEvents SDK, jsonschema and hashlib, none of our code.

Reads an export on standard input and JSON Schemas by type from the file that is the argument; exits with 1 and says
why when an event is not a CloudEvent, its data is not what its schema says, or its hash is not that of its line.
"""

import hashlib
import json
import re
import sys

from cloudevents.http import from_json
from jsonschema import Draft202012Validator

with open(sys.argv[1], encoding="utf-8") as file:
    validators = {kind: Draft202012Validator(schema) for kind, schema in json.load(file).items()}
previous, count = "0" * 64, 0
for line in map(str.rstrip, sys.stdin):
    entry = json.loads(line)
    if "checkpoint" in entry:
        continue
    bare = re.sub(
        r'"hash":"[0-9a-f]{64}",("prevHash":"[0-9a-f]{64}","receivedAt":"[^"]*","sequence":\d+})$', r"\1", line)
    assert hashlib.sha256(bare.encode()).hexdigest() == entry["hash"], f"hash of {line}"
    assert entry["prevHash"] == previous, f"chain at {line}"
    previous = entry["hash"]
    event = from_json(json.dumps(entry["event"]))
    assert event["specversion"] == "1.0" and event["datacontenttype"] == "application/json", line
    assert event["dataschema"] == f"urn:jangteo:schema:{event['type']}", line
    assert event["actor"] and int(event["sequence"]) > 0 and event["time"] and event["subject"], line
    validators[event["type"]].validate(event.data)
    count += 1
print(f"{count} events")
