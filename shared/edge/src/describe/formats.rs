//! Texts of a form that many bodies have: for `#[schemars(with = …)]`.

/// The codes of the currencies that are in use, sorted.
fn active() -> Vec<String> {
    let mut codes: Vec<_> = money::Currency::active().map(|currency| currency.code().to_owned()).collect();
    codes.sort_unstable();
    codes
}

crate::shape! {
    /// A day, or an RFC 3339 time.
    Moment {
        "type": "string",
        "pattern":
            "^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2}))?$"
    }
}

crate::shape! {
    /// A price or a sum that is asked for.
    Price { "type": "number", "minimum": 0, "maximum": 1_000_000_000_000i64, "multipleOf": 0.0001 }
}

crate::shape! {
    /// What a role may permit.
    Permission { "type": "string", "enum": contract::permissions::ALL }
}

crate::shape! {
    /// A code of ISO 4217 that is in use.
    ActiveCurrency { "type": "string", "enum": active() }
}

crate::shape! {
    /// A user's id, or `service:<name>`.
    Actor {
        "type": "string",
        "pattern": "^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|service:[a-z-]+)$"
    }
}

crate::shape! {
    /// Its domain may be international, and so may what stands before the @.
    Email { "type": "string", "format": "idn-email", "maxLength": 254 }
}

crate::shape! {
    /// As most services want it; `password_policy` may want more.
    NewPassword { "type": "string", "format": "password", "minLength": 8, "maxLength": 128 }
}

crate::shape! {
    /// A secret, which no answer shows.
    Password { "type": "string", "format": "password" }
}
