//! What the roles stand for.

use contract::permissions::{
    AuditRead, AuditWrite, DiscoveryRead, DiscoveryWrite, EventsRead, EventsWrite, KeysRotate, OrdersAny,
    OrdersCreate, OrdersFulfil, OrdersRead, PaymentsAny, PaymentsCreate, PaymentsRead, PaymentsRefund,
    Permission, ProductsAny, ProductsWrite, RolesRead, RolesWrite, SystemSweep, UsersAny,
};
use edge::FieldError;

/// Who buys.
pub const BUYER: &str = "BUYER";
/// Who sells.
pub const SELLER: &str = "SELLER";
/// Who runs the place.
pub const ADMIN: &str = "ADMIN";

/// The built-in roles and their permissions. `x:any` is for what belongs to others, too.
const BUILT_IN: [(&str, &[&str]); 3] = [
    (BUYER, &[OrdersCreate::NAME, OrdersRead::NAME, PaymentsCreate::NAME, PaymentsRead::NAME]),
    (
        SELLER,
        &[
            ProductsWrite::NAME,
            OrdersRead::NAME,
            OrdersFulfil::NAME,
            PaymentsRead::NAME,
            PaymentsRefund::NAME,
        ],
    ),
    (
        ADMIN,
        &[
            OrdersRead::NAME,
            OrdersAny::NAME,
            OrdersFulfil::NAME,
            PaymentsRead::NAME,
            PaymentsAny::NAME,
            PaymentsRefund::NAME,
            ProductsWrite::NAME,
            ProductsAny::NAME,
            UsersAny::NAME,
            RolesRead::NAME,
            RolesWrite::NAME,
            KeysRotate::NAME,
            AuditRead::NAME,
            AuditWrite::NAME,
            EventsRead::NAME,
            EventsWrite::NAME,
            DiscoveryRead::NAME,
            DiscoveryWrite::NAME,
            SystemSweep::NAME,
        ],
    ),
];

/// The longest name of a custom role, in characters.
const MAX_NAME: usize = 40;
/// The longest name of a permission that may be asked for, in characters; ours are far shorter.
pub const MAX_PERMISSION: usize = 100;

/// A custom role, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Custom {
    pub name: String,
    /// Sorted, each once.
    pub permissions: Vec<String>,
}

impl Custom {
    /// Check a role; every field that is not valid is named.
    pub fn parse(name: &str, mut permissions: Vec<String>) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        if !is_name(name) {
            let detail =
                format!("must be 2 to {MAX_NAME} of A-Z, 0-9 and _, from a letter on, and not built in");
            errors.push(FieldError::new("name", detail));
        }
        for (at, permission) in permissions.iter().enumerate() {
            if !all().any(|known| known == permission) {
                errors.push(FieldError::new(format!("permissions[{at}]"), "is not a permission"));
            }
        }
        permissions.sort_unstable();
        permissions.dedup();
        if errors.is_empty() { Ok(Self { name: name.to_owned(), permissions }) } else { Err(errors) }
    }
}

/// The built-in roles and what they may do.
pub fn built_in() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    BUILT_IN.into_iter()
}

/// Whether `name` is a built-in role.
pub fn is_built_in(name: &str) -> bool {
    BUILT_IN.iter().any(|(role, _)| *role == name)
}

/// All permissions there are, some more than once.
fn all() -> impl Iterator<Item = &'static str> {
    BUILT_IN.into_iter().flat_map(|(_, permissions)| permissions.iter().copied())
}

/// `SERVICE` is what other services are, not a role that a person can have.
fn is_name(name: &str) -> bool {
    (2..=MAX_NAME).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        && !is_built_in(name)
        && name != "SERVICE"
}

/// The first of `wanted` that someone with `own` permissions must not give: what one has oneself and what
/// anyone gets at signup may be passed on, nothing else, so that `roles:write` alone does not make an ADMIN.
pub fn beyond<'a>(wanted: &'a [String], own: &[String]) -> Option<&'a str> {
    let open = permissions(&[BUYER.to_owned(), SELLER.to_owned()]);
    wanted.iter().find(|name| !own.contains(name) && !open.contains(name)).map(String::as_str)
}

/// The one of `roles` that says most of an account.
pub fn highest_role(roles: &[String]) -> &str {
    let known = [ADMIN, SELLER, BUYER].into_iter().find(|name| roles.iter().any(|role| role == name));
    known.or(roles.first().map(String::as_str)).unwrap_or_default()
}

/// The permissions that `roles` have together with those of custom roles, sorted, each once.
pub fn effective(roles: &[String], custom: &[String]) -> Vec<String> {
    let mut all = permissions(roles);
    all.extend_from_slice(custom);
    all.sort_unstable();
    all.dedup();
    all
}

/// The permissions that the built-in ones of `roles` have together, sorted, each once.
pub fn permissions(roles: &[String]) -> Vec<String> {
    let known = BUILT_IN.iter().filter(|(role, _)| roles.iter().any(|wanted| wanted == role));
    let mut all: Vec<_> =
        known.flat_map(|(_, permissions)| permissions.iter()).map(|&name| name.to_owned()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(roles: &[&str]) -> Vec<String> {
        permissions(&roles.iter().map(|&role| role.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_database_judges_by_the_same_permissions() {
        let fold = include_str!("../../migrations/fold.sql");
        let pairs: Vec<_> = BUILT_IN
            .iter()
            .flat_map(|(role, permissions)| {
                permissions.iter().map(move |name| format!("('{role}', '{name}')"))
            })
            .collect();
        assert!(fold.contains(&format!("AS VALUES\n  {};", pairs.join(",\n  "))), "{pairs:?}");
    }

    #[test]
    fn roles_add_up_without_doubles() {
        assert_eq!(of(&[BUYER]), ["orders:create", "orders:read", "payments:create", "payments:read"]);
        let both = of(&[BUYER, SELLER]);
        assert_eq!(both.iter().filter(|name| *name == "orders:read").count(), 1);
        assert_eq!(both.len(), 7);
    }

    #[test]
    fn only_an_admin_touches_what_is_others() {
        let any = |roles: &[&str]| of(roles).iter().any(|name| name.ends_with(":any"));
        assert!(any(&[ADMIN]));
        assert!(!any(&[BUYER, SELLER]));
        assert!(!of(&[ADMIN]).contains(&"payments:create".to_owned()));
    }

    #[test]
    fn nobody_gives_more_than_they_have() {
        let own = vec!["roles:write".to_owned()];
        assert_eq!(beyond(&of(&[BUYER, SELLER]), &own), None);
        assert_eq!(beyond(&own, &own), None);
        assert!(beyond(&of(&[ADMIN]), &own).is_some());
        assert_eq!(beyond(&of(&[ADMIN]), &of(&[ADMIN])), None);
    }

    #[test]
    fn a_custom_role_has_a_name_of_its_own_and_known_permissions() {
        let parse = |name: &str, permission: &str| Custom::parse(name, vec![permission.to_owned()]);
        assert!(parse("SUPPORT_2", "orders:any").is_ok());
        for name in ["ADMIN", "SERVICE", "support", "", "A", "2A", "A B"] {
            assert!(parse(name, "orders:any").is_err(), "{name}");
        }
        assert!(parse("SUPPORT", "orders:all").is_err());
    }

    #[test]
    fn what_is_not_a_role_has_no_permission() {
        assert_eq!(of(&[]), [""; 0]);
        assert_eq!(of(&["SERVICE", "buyer", ""]), [""; 0]);
    }
}
