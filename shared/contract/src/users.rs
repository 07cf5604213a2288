//! Profiles: their events.

use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumString, IntoStaticStr, VariantArray};

use crate::UserId;

/// What happens to profiles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, EnumDiscriminants)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all_fields = "camelCase")]
#[strum_discriminants(
    name(ProfileEventKind),
    doc = "The kinds of [`ProfileEvent`]s.",
    derive(IntoStaticStr, EnumString, VariantArray, Hash),
    strum(const_into_str)
)]
pub enum ProfileEvent {
    /// A profile exists. What is personal in it is not told.
    #[strum_discriminants(strum(serialize = "profile.created"))]
    Created {
        /// The account's roles.
        roles: Vec<String>,
        /// The place of that news in auth's log.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sequence: Option<i64>,
    },
    /// A profile was changed in these fields.
    #[strum_discriminants(strum(serialize = "profile.updated"))]
    Updated {
        /// The names of the fields.
        changed: Vec<String>,
    },
    /// The account has another e-mail, which is not told.
    #[strum_discriminants(strum(serialize = "profile.email_changed"))]
    EmailChanged {
        /// The place of that news in auth's log.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sequence: Option<i64>,
    },
    /// The account has other roles.
    #[strum_discriminants(strum(serialize = "profile.roles_changed"))]
    RolesChanged {
        /// All of them.
        roles: Vec<String>,
        /// The place of that news in auth's log.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sequence: Option<i64>,
    },
    /// The account can no longer log in.
    #[strum_discriminants(strum(serialize = "profile.disabled"))]
    Disabled {
        /// The place of that news in auth's log.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sequence: Option<i64>,
    },
    /// The account can log in again.
    #[strum_discriminants(strum(serialize = "profile.enabled"))]
    Enabled {
        /// The place of that news in auth's log.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sequence: Option<i64>,
    },
    /// All that was personal is gone.
    #[strum_discriminants(strum(serialize = "profile.erased"))]
    Erased {
        /// The place of that news in auth's log.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sequence: Option<i64>,
    },
    /// Nobody has this role any more.
    #[strum_discriminants(strum(serialize = "profiles.role_removed"))]
    RoleRemoved {
        /// Its name.
        role: String,
        /// The place of that news in auth's log.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sequence: Option<i64>,
    },
    /// Somebody got all that is held about a person. The first within a minute is told at once; `repeated` is how
    /// many more there were since the one told before.
    #[strum_discriminants(strum(serialize = "profile.exported"))]
    Exported {
        /// The person.
        user_id: UserId,
        /// How many more there were.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        repeated: Option<i64>,
    },
}
