//! Accounts, sessions, roles and keys: their events.

use clock::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumString, IntoStaticStr, VariantArray};

use crate::{ResetId, SessionId, UserId};

/// What happens to accounts, sessions, roles and keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, EnumDiscriminants)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all_fields = "camelCase")]
#[strum_discriminants(
    name(AuthEventKind),
    doc = "The kinds of [`AuthEvent`]s.",
    derive(IntoStaticStr, EnumString, VariantArray, Hash),
    strum(const_into_str)
)]
pub enum AuthEvent {
    /// An account exists.
    #[strum_discriminants(strum(serialize = "user.registered"))]
    UserRegistered {
        /// Its roles.
        roles: Vec<String>,
    },
    /// An account has other roles.
    #[strum_discriminants(strum(serialize = "user.roles_changed"))]
    UserRolesChanged {
        /// All of them.
        roles: Vec<String>,
    },
    /// The owner changed the e-mail; other sessions ended.
    #[strum_discriminants(strum(serialize = "user.email_changed"))]
    UserEmailChanged {
        /// The session that goes on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<SessionId>,
    },
    /// An account can no longer log in; its sessions ended.
    #[strum_discriminants(strum(serialize = "user.disabled"))]
    UserDisabled {},
    /// An account can log in again.
    #[strum_discriminants(strum(serialize = "user.enabled"))]
    UserEnabled {},
    /// An account is gone, and all that was personal in it.
    #[strum_discriminants(strum(serialize = "user.erased"))]
    UserErased {},
    /// Someone failed to log in. The subject is the account, or `login:unknown`. The first within a minute is told
    /// at once; `repeated` is how many more of the same subject there were since the one told before.
    #[strum_discriminants(strum(serialize = "login.failed"))]
    LoginFailed {
        /// Why.
        reason: LoginFailure,
        /// Whose account it is, if there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user_id: Option<UserId>,
        /// How many more there were.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        repeated: Option<i64>,
    },
    /// Someone logged in.
    #[strum_discriminants(strum(serialize = "session.started"))]
    SessionStarted {
        /// Whose it is.
        user_id: UserId,
        /// When it ends at the latest.
        expires_at: Timestamp,
    },
    /// A session got its next refresh token.
    #[strum_discriminants(strum(serialize = "session.refreshed"))]
    SessionRefreshed {
        /// Whose it is.
        user_id: UserId,
        /// How many tokens it has had.
        generation: i64,
    },
    /// A session ended.
    #[strum_discriminants(strum(serialize = "session.revoked"))]
    SessionRevoked {
        /// Whose it is.
        user_id: UserId,
        /// Why.
        reason: RevocationReason,
    },
    /// All sessions of an account ended, but for one.
    #[strum_discriminants(strum(serialize = "sessions.ended"))]
    SessionsEnded {
        /// Why.
        reason: RevocationReason,
        /// The session that goes on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<SessionId>,
    },
    /// The owner changed the password; other sessions ended.
    #[strum_discriminants(strum(serialize = "password.changed"))]
    PasswordChanged {
        /// The session that goes on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<SessionId>,
    },
    /// The password's hash was made anew with stronger parameters.
    #[strum_discriminants(strum(serialize = "password.rehashed"))]
    PasswordRehashed {},
    /// There is a token for a new password of this account. `by`: `owner` when it is mailed to the account's
    /// e-mail, whoever asked for it; `admin` when the actor issued it. The token is not told.
    #[strum_discriminants(strum(serialize = "password.reset_requested"))]
    PasswordResetRequested {
        /// Who caused it.
        by: ResetBy,
        /// Until when it can be used.
        expires_at: Timestamp,
        /// The token's id.
        reset_id: ResetId,
    },
    /// A forgotten password was replaced by means of a token, which its owner had mailed or somebody else issued
    /// (`by`: `owner` or `admin`); all sessions ended.
    #[strum_discriminants(strum(serialize = "password.reset"))]
    PasswordReset {
        /// Who had caused the token.
        by: ResetBy,
        /// The token's id.
        reset_id: ResetId,
    },
    /// A custom role exists.
    #[strum_discriminants(strum(serialize = "role.created"))]
    RoleCreated(Role),
    /// A custom role has other permissions.
    #[strum_discriminants(strum(serialize = "role.changed"))]
    RoleChanged(Role),
    /// A custom role is gone.
    #[strum_discriminants(strum(serialize = "role.removed"))]
    RoleRemoved(Role),
    /// Somebody wants the next signing key.
    #[strum_discriminants(strum(serialize = "keys.rotation_requested"))]
    RotationRequested {},
    /// The next signing key was made.
    #[strum_discriminants(strum(serialize = "key.rotated"))]
    KeyRotated {
        /// Its id.
        kid: String,
    },
}

/// A custom role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Role {
    /// Its name.
    pub role: String,
    /// What it permits.
    pub permissions: Vec<String>,
}

/// What auth trusts the users service with, besides the data of `user.registered`: ciphertexts and a fingerprint.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewProfile {
    /// The e-mail, encrypted.
    pub email: String,
    /// Its fingerprint.
    pub email_hash: String,
    /// The name, encrypted.
    pub name: String,
    /// The account's roles.
    pub roles: Vec<String>,
}

/// What auth trusts the users service with, besides the data of `user.email_changed`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewEmail {
    /// The e-mail, encrypted.
    pub email: String,
    /// Its fingerprint.
    pub email_hash: String,
}

/// `POST /internal/auth/accounts?userId=&session=`: an account that someone makes for someone else. Has no `Debug`:
/// there is a password in it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewAccount {
    /// In clear, like all of it.
    pub email: String,
    /// Of the new account.
    pub password: String,
    /// Of the person.
    pub name: String,
    /// Of the account.
    pub roles: Vec<String>,
    /// The idempotency key that came with the request.
    pub key: Option<String>,
    /// The hash of the request's body.
    pub request_hash: Option<String>,
}

/// The new account and its event, which users answers at once instead of waiting for the relay.
#[derive(Serialize, Deserialize)]
pub struct MadeAccount {
    /// The account's.
    pub id: UserId,
    /// The event's id.
    pub event: String,
    /// Its place in auth's log.
    pub sequence: i64,
    /// What its profile is made from.
    #[serde(flatten)]
    pub profile: NewProfile,
}

/// The account that was made for an earlier request with the same key.
#[derive(Serialize, Deserialize)]
pub struct EarlierAccount {
    /// The account's.
    pub id: UserId,
}

/// `POST /internal/auth/accounts/{id}/erasure?userId=&session=`. Has no `Debug`: there is a password in it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Erasure {
    /// The password of who erases themselves.
    pub current_password: Option<String>,
}

/// The event of an erasure.
#[derive(Serialize, Deserialize)]
pub struct Erased {
    /// Its id.
    pub event: String,
    /// Its place in auth's log.
    pub sequence: i64,
}

/// Why a login failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LoginFailure {
    /// The password is not the account's.
    WrongPassword,
    /// The account is disabled.
    AccountDisabled,
    /// There is no such account.
    UnknownAccount,
}

/// Who caused a token for a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ResetBy {
    /// It is mailed to the account's e-mail.
    Owner,
    /// Somebody else issued it.
    Admin,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RevocationReason {
    /// Its owner logged out.
    Logout,
    /// Its owner ended it from another session, or all of them.
    EndedByOwner,
    /// A spent refresh token was used.
    TokenReused,
}
