//! How often one may try: passwords per account and per address, signups per address, mails per both.

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
