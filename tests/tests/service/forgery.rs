//! What an attacker tries with tokens, and what we sign ourselves to show that only that is refused.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use hmac::{Hmac, Mac};
use jwt_simple::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::TestApp;

/// What stands before a seed in PKCS #8 (RFC 8410).
const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// Someone who signs any header and claims.
pub enum Signer {
    Hs256(Vec<u8>),
    EdDsa(Box<Ed25519KeyPair>),
}

impl Signer {
    pub fn new(algorithm: &str, secret: &[u8]) -> Self {
        match algorithm {
            "HS256" => Self::Hs256(secret.to_vec()),
            _ => {
                let pair = Ed25519KeyPair::from_der(&[PKCS8.as_slice(), secret].concat());
                Self::EdDsa(Box::new(pair.unwrap()))
            }
        }
    }

    /// The app's own key of this generation, from its database.
    pub fn of(app: &TestApp, algorithm: &str, generation: i64) -> Self {
        let sql = "SELECT secret FROM identity_keys WHERE algorithm = ?1 AND generation = ?2";
        let database = database(app);
        let secret: Vec<u8> = database.query_row(sql, (algorithm, generation), |row| row.get(0)).unwrap();
        Self::new(algorithm, &secret)
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Hs256(_) => "HS256",
            Self::EdDsa(_) => "EdDSA",
        }
    }

    /// A token by this key, whatever its header says.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let content = format!("{}.{}", part(header), part(claims));
        let signature = match self {
            Self::Hs256(secret) => hmac(secret, &content),
            Self::EdDsa(pair) => pair.key_pair().as_ref().sk.sign(&content, None).to_vec(),
        };
        format!("{content}.{}", BASE64.encode(signature))
    }

    /// The `kid` that the app would give this key.
    fn kid(&self) -> String {
        match self {
            Self::Hs256(secret) => {
                let hash = Sha256::digest(hmac(secret, "jangteo/jwt"));
                hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
            }
            Self::EdDsa(pair) => {
                let x = BASE64.encode(pair.public_key().to_bytes());
                BASE64.encode(Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)))
            }
        }
    }
}

/// The database of an embedded app.
pub fn database(app: &TestApp) -> rusqlite::Connection {
    rusqlite::Connection::open(app.state_dir().unwrap().join("sqlite_db.db")).unwrap()
}

/// A part of a token as JSON.
pub fn decoded(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&BASE64.decode(part).unwrap()).unwrap()
}

/// `value` with another member.
pub fn with(value: &Value, name: &str, new: Value) -> Value {
    let mut changed = value.clone();
    changed[name] = new;
    changed
}

fn without(value: &Value, name: &str) -> Value {
    let mut changed = value.clone();
    changed.as_object_mut().unwrap().remove(name);
    changed
}

fn part(json: &Value) -> String {
    BASE64.encode(json.to_string())
}

fn hmac(key: &[u8], message: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Tokens that every service must refuse. `own` is the deployment's key, `unused` one of the other algorithm that its
/// database holds, too; `other_type` is for another kind of caller.
pub fn forged(
    own: &Signer,
    unused: &Signer,
    header: &Value,
    claims: &Value,
    other_type: &str,
) -> Vec<(String, String)> {
    let genuine = own.sign(header, claims);
    let signature = genuine.rsplit('.').next().unwrap();
    let (none, now) = (with(header, "alg", json!("none")), Clock::now_since_epoch().as_secs());
    let attacker = Signer::new(own.name(), &[7; 32]);
    let own_kid = with(header, "kid", json!(attacker.kid()));
    let confused = with(header, "alg", json!(unused.name()));
    let mut all = vec![
        ("no algorithm", format!("{}.{}.", part(&none), part(claims))),
        ("no algorithm, old signature", format!("{}.{}.{signature}", part(&none), part(claims))),
        ("no signature", format!("{}.{}.", part(header), part(claims))),
        (
            "another's claims",
            format!("{}.{}.{signature}", part(header), part(&with(claims, "sub", json!("x")))),
        ),
        ("another key", attacker.sign(header, claims)),
        ("another key and its kid", attacker.sign(&own_kid, claims)),
        ("a key in the header", attacker.sign(&with(&own_kid, "jwk", jwk(&attacker)), claims)),
        ("another algorithm", unused.sign(&confused, claims)),
        ("another algorithm and its kid", unused.sign(&with(&confused, "kid", json!(unused.kid())), claims)),
        ("another algorithm under our name", unused.sign(header, claims)),
        ("our key under another algorithm's name", own.sign(&confused, claims)),
        ("the kid of another algorithm", own.sign(&with(header, "kid", json!(unused.kid())), claims)),
        ("another kid", own.sign(&with(header, "kid", json!("other")), claims)),
        ("no kid", own.sign(&without(header, "kid"), claims)),
        ("an unknown critical header", own.sign(&with(header, "crit", json!(["x"])), claims)),
        ("another type", own.sign(&with(header, "typ", json!("JWT")), claims)),
        ("no type", own.sign(&without(header, "typ"), claims)),
        ("the type of another caller", own.sign(&with(header, "typ", json!(other_type)), claims)),
        ("another issuer", own.sign(header, &with(claims, "iss", json!("them")))),
        ("another audience", own.sign(header, &with(claims, "aud", json!("them")))),
        ("not yet valid", own.sign(header, &with(claims, "nbf", json!(now + 600)))),
        ("issued in the future", own.sign(header, &with(claims, "iat", json!(now + 600)))),
        ("nonsense", "nonsense".to_owned()),
        ("empty", String::new()),
    ];
    for claim in ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"] {
        all.push((claim, own.sign(header, &without(claims, claim))));
    }
    if let Signer::EdDsa(pair) = own {
        // Public, so everyone has it: a verifier that lets the header choose would take it for an HMAC key.
        let public = pair.public_key();
        let x = BASE64.encode(public.to_bytes());
        for key in [public.to_bytes(), public.to_der(), public.to_pem().into_bytes(), x.into_bytes()] {
            all.push(("the public key as a secret", Signer::Hs256(key).sign(&confused, claims)));
        }
    }
    all.into_iter().map(|(what, token)| (what.to_owned(), token)).collect()
}

fn jwk(signer: &Signer) -> Value {
    match signer {
        Signer::Hs256(secret) => json!({ "kty": "oct", "k": BASE64.encode(secret) }),
        Signer::EdDsa(pair) => {
            json!({ "kty": "OKP", "crv": "Ed25519", "x": BASE64.encode(pair.public_key().to_bytes()) })
        }
    }
}
