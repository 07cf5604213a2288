//! What an attacker tries with tokens, and what we sign ourselves to show that only that is refused.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use hmac::{Hmac, KeyInit, Mac};
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
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    /// A token by this key of any bytes.
    pub fn sign_text(&self, header: &str, claims: &str) -> String {
        let content = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
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

/// Tokens that our own key signed, but that say what none of ours does.
pub fn insane(own: &Signer, header: &Value, claims: &Value) -> Vec<(String, String)> {
    let now = Clock::now_since_epoch().as_secs();
    let wrapped = (1u64 << 32) + now;
    let odd = [
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(now as f64 + 0.5),
        json!(1e300),
        json!(u64::MAX),
        json!(i64::MAX),
        json!(wrapped),
        json!(now + 86_400),
        json!(now.to_string()),
        json!(""),
        json!("X y"),
        json!("019AA4C5-0001-7000-8000-00000000000A"),
        json!("{019aa4c5-0001-7000-8000-00000000000a}"),
        json!(["jangteo"]),
        json!({ "jangteo": "jangteo" }),
        json!(["x".repeat(1000)]),
        json!(vec!["x"; 1000]),
        json!([1]),
        json!([[]]),
    ];
    // What is no fault there: any short text is an id, and a list of short texts a list of roles.
    let sane = |name: &str, value: &Value| match name {
        "jti" => value.as_str().is_some_and(|text| !text.is_empty()),
        "roles" | "permissions" => *value == json!(["jangteo"]),
        "sid" => header["typ"] != "at+jwt" && *value == "",
        _ => false,
    };
    let mut all = Vec::new();
    for name in ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "sid", "roles", "permissions"] {
        for value in odd.iter().filter(|value| !sane(name, value)) {
            all.push((format!("{name}: {value:.60}"), own.sign(header, &with(claims, name, value.clone()))));
        }
        let twice = claims.to_string().replacen('{', &format!("{{\"{name}\":{},", claims[name]), 1);
        all.push((format!("{name} twice"), own.sign_text(&header.to_string(), &twice)));
    }
    let times = |iat: u64, nbf: u64, exp: u64| {
        let claims = with(&with(claims, "iat", json!(iat)), "nbf", json!(nbf));
        own.sign(header, &with(&claims, "exp", json!(exp)))
    };
    all.push(("a year's life".to_owned(), times(now, now, now + 31_536_000)));
    all.push(("a life before its birth".to_owned(), times(now, now, now - 1)));
    all.push(("times beyond 32 bits".to_owned(), times(wrapped, wrapped, wrapped + 60)));
    all.push(("valid before it was issued".to_owned(), times(now, now - 60, now + 60)));
    all.push(("a claim that is not ours".to_owned(), own.sign(header, &with(claims, "admin", json!(true)))));
    let members = [
        ("crit", json!([])),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("alg", json!(own.name().to_lowercase())),
        ("alg", json!("HS512")),
        ("alg", json!([own.name()])),
        ("typ", json!(header["typ"].as_str().unwrap().to_uppercase())),
        ("kid", json!(null)),
        ("jku", json!("https://example.com/jwks.json")),
    ];
    for (name, value) in members {
        all.push((format!("header {name}: {value}"), own.sign(&with(header, name, value), claims)));
    }
    for name in ["alg", "typ", "kid"] {
        let twice = header.to_string().replacen('{', &format!("{{\"{name}\":{},", header[name]), 1);
        all.push((format!("header {name} twice"), own.sign_text(&twice, &claims.to_string())));
    }
    let genuine = own.sign(header, claims);
    all.push(("four parts".to_owned(), format!("{genuine}.")));
    all.push(("claims that are no object".to_owned(), own.sign_text(&header.to_string(), "[]")));
    all
}

fn jwk(signer: &Signer) -> Value {
    match signer {
        Signer::Hs256(secret) => json!({ "kty": "oct", "k": BASE64.encode(secret) }),
        Signer::EdDsa(pair) => {
            json!({ "kty": "OKP", "crv": "Ed25519", "x": BASE64.encode(pair.public_key().to_bytes()) })
        }
    }
}
