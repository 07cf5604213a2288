//! How often one may try: passwords per account and per address, signups per address, mails per both.

use std::net::{IpAddr, Ipv6Addr};

use super::reset::LIFETIME_SECONDS;

/// Wrong passwords that cost nothing but the work: of an account, by all strangers to it together; and from an address
/// that it has a live session from, which strangers cannot use up.
pub const FREE_TRIES: i64 = 10;
/// Accounts whose passwords may be tried in vain from one address before each further one is slowed: an office where
/// many mistype, not a list of accounts.
pub const FREE_ACCOUNTS: i64 = 30;
/// The pause after the last free try, in milliseconds; doubled with each further one.
pub const FIRST_PAUSE_MS: i64 = 1000;
/// How often the pause is doubled at most: 1 s becomes 17 minutes, which is some 30,000 guesses a year.
pub const MAX_DOUBLINGS: i64 = 10;
/// Tries are forgotten after so long without one, in milliseconds: an hour.
pub const FORGET_MS: i64 = 60 * 60 * 1000;
/// The time in which an address may make so many accounts as `signup_limit` says, in milliseconds: an hour.
pub const SIGNUP_WINDOW_MS: i64 = 60 * 60 * 1000;
/// Mails with a token for a new password that one e-mail gets within the life of the first: some get lost. Whoever is
/// sent no further one has one whose token is still good.
pub const MAILS_PER_ACCOUNT: i64 = 3;
/// The time that is meant, in milliseconds.
pub const MAILS_WINDOW_MS: i64 = LIFETIME_SECONDS * 1000;
/// Mails with a token that one address may ask for per hour: an office, not a list of accounts.
pub const MAILS_PER_ADDRESS: i64 = 30;
/// The time that is meant, in milliseconds.
pub const ADDRESS_WINDOW_MS: i64 = 60 * 60 * 1000;

/// Who is limited: an IPv4 address, or the /64 of an IPv6 address, which is what one customer gets. `None`
/// when the platform does not tell, as behind a chained call.
pub fn origin(address: Option<IpAddr>) -> Option<String> {
    match address?.to_canonical() {
        IpAddr::V4(v4) => Some(v4.to_string()),
        IpAddr::V6(v6) => Some(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn an_origin_is_what_one_customer_has() {
        let of = |text: &str| origin(text.parse().ok());
        assert_eq!(of("192.0.2.7").as_deref(), Some("192.0.2.7"));
        assert_eq!(of("::ffff:192.0.2.7").as_deref(), Some("192.0.2.7"));
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2::9"));
        assert_ne!(of("2001:db8:1:2::9"), of("2001:db8:1:3::9"));
        assert_eq!(origin(None), None);
    }
}
