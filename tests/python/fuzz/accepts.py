"""What the description allows is not refused, but for what no schema can say: each such case is named here, with why.

A check for schemathesis, in the place of its own `positive_data_acceptance`, which knows statuses only.
"""

import re

import schemathesis

# Refused by these codes whatever a request looks like, since they are about what is there or was sent before.
BY_STATE = {
    "idempotency_mismatch": "the key came with another body before",
    "precondition_failed": "If-Match names another revision",
    "reset_token_invalid": "the token was never issued",
    "token_reused": "nor was that refresh token",
    "currency_not_supported": "which currencies a payment provider takes is its own matter",
}

# The details of other refusals, and why the schema allows it.
BY_GRAMMAR = [
    (r"must be entity tags", "their grammar has bytes, empty elements and commas that no pattern here would show"),
    (r"^event \d+: ", "CloudEvents has rules of its own for attributes and their values"),
]

# Field and detail of what is `validation_failed`, and why the schema allows it.
BY_MEANING = [
    (r"cursor", r"nextCursor", "only the API makes cursors"),
    (r"to", r"before from", "a schema does not compare two parameters"),
    (r"from|to", r"must be a day", "there is no 30th of February"),
    (r".*(price|amount|Price)", r"decimal places|larger than the maximum", "what is exact depends on the currency"),
    (r"maxPrice", r".*", "a schema does not compare two parameters"),
    (r".*", r"invalid number", "JSON Schema takes 2.0 for an integer"),
    (r"(min|max)Price", r"too large|plain decimal", "what 64 bits hold depends on the currency"),
    (r".*", r"does not show|must not be blank|must have|must be text|not NFC",
     "Unicode says what shows, and what is blank"),
    (r"email", r".*", "which domains there are is IDNA's to say"),
    (r"cardDetails\.(number|expiry)", r".*", "a card has a check digit and is not expired"),
    (r"currentPassword", r".*", "it is the caller's own"),
    (r"(newPassword|password)", r".*", "a password is none that everybody uses"),
    (r"items.*", r"no product|other line|together|cost more|currency|products",
     "lines agree with each other and the catalogue"),
    (r"restock", r".*", "goods go back with the last of the money"),
    (r"roles?.*", r".*", "which roles there are is the deployment's own"),
    (r"name", r"not built in", "the names of built-in roles are taken"),
    (r"currency", r"stays so", "a product keeps its currency"),
]


def excused(problem: dict) -> bool:
    if problem["code"] in BY_STATE or any(re.search(detail, problem["detail"]) for detail, _ in BY_GRAMMAR):
        return True
    errors = problem.get("errors", [])
    return bool(errors) and all(
        any(re.fullmatch(field, error["field"]) and re.search(detail, error["detail"])
            for field, detail, _ in BY_MEANING)
        for error in errors
    )


@schemathesis.hook
def before_call(ctx, case, kwargs):
    """A header that is not UTF-8 never reaches a component: Spin itself answers an empty 500."""
    for name, value in list((case.headers or {}).items()):
        if isinstance(value, str) and not value.isascii():
            case.headers[name] = value.encode("ascii", "replace").decode()


@schemathesis.check
def accepts_what_is_allowed(ctx, response, case):
    """400, 412, 415 and 422 to a request that the description allows have to be excused."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if response.status_code in (400, 412, 415, 422) and not excused(response.json()):
        raise AssertionError(f"allowed by the description, but refused: {response.text}")
