"""Verify the access token on standard input with PyJWT and print its claims as JSON.

usage: verify.py HS256 SECRET | verify.py EdDSA URL-OF-THE-KEY-SET
Exits 1 and says why when PyJWT refuses the token.
"""
import json, sys
import jwt

algorithm, key = sys.argv[1:]
token = sys.stdin.read()
required = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"]
try:
    if algorithm == "EdDSA":
        key = jwt.PyJWKClient(key).get_signing_key_from_jwt(token).key
    claims = jwt.decode(
        token, key, algorithms=[algorithm], issuer="jangteo", audience="jangteo", options={"require": required}
    )
except jwt.PyJWTError as error:
    sys.exit(f"{type(error).__name__}: {error}")
print(json.dumps(claims))
