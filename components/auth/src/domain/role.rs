//! What the roles stand for.

/// Who buys.
pub const BUYER: &str = "BUYER";
/// Who sells.
pub const SELLER: &str = "SELLER";
/// Who runs the place.
pub const ADMIN: &str = "ADMIN";

/// The built-in roles and their permissions. `x:any` is for what belongs to others, too.
const BUILT_IN: [(&str, &[&str]); 3] = [
    (BUYER, &["orders:create", "orders:read", "payments:create", "payments:read"]),
    (SELLER, &["products:write", "orders:read", "orders:fulfil", "payments:read", "payments:refund"]),
    (
        ADMIN,
        &[
            "orders:read",
            "orders:any",
            "orders:fulfil",
            "payments:read",
            "payments:any",
            "payments:refund",
            "products:write",
            "products:any",
            "users:any",
            "roles:read",
            "roles:write",
            "audit:read",
            "audit:write",
            "events:read",
            "discovery:write",
        ],
    ),
];

/// The permissions that `roles` have together, sorted, each once. A role that is not known has none.
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
    fn what_is_not_a_role_has_no_permission() {
        assert_eq!(of(&[]), [""; 0]);
        assert_eq!(of(&["SERVICE", "buyer", ""]), [""; 0]);
    }
}
