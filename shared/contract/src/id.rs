//! Ids: UUIDs, and each says by its type what it names, so that nobody takes an order's id for a payment's.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// The length of a UUID with its hyphens; other spellings of it (bare digits, `{…}`, `urn:uuid:…`) are not taken.
const LENGTH: usize = 36;

/// What is expected where an id stands.
const EXPECTED: &str = "a UUID with hyphens, such as 019aa4c5-0001-7000-8000-000000000001";

/// The id of a `T`: a UUID (RFC 9562), taken in any case and given in lower case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id<T>(Uuid, PhantomData<T>);

/// What is not a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be {EXPECTED}")]
pub struct NotAnId;

macro_rules! ids {
    ($($(#[$doc:meta])* $id:ident = $named:ident;)*) => {
        /// What ids can name.
        pub mod named {
            $(
                #[doc = concat!("See [`", stringify!($id), "`](super::", stringify!($id), ").")]
                #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
                pub struct $named;
            )*
        }
        $($(#[$doc])* pub type $id = Id<named::$named>;)*
    };
}

ids! {
    /// The id of a person, of their account and of their profile.
    UserId = User;
    /// The id of a session, which all of its refresh tokens share.
    SessionId = Session;
    /// The id of a token for a new password.
    ResetId = Reset;
    /// The id of a product.
    ProductId = Product;
    /// The id of an order.
    OrderId = Order;
    /// The id of a payment.
    PaymentId = Payment;
    /// The id of a refund.
    RefundId = Refund;
    /// The id of a registered instance of a service.
    InstanceId = Instance;
}

impl<T> Id<T> {
    /// A new id. Ids sort by the millisecond in which they were made (UUIDv7).
    #[must_use]
    pub fn generate() -> Self {
        Self(Uuid::now_v7(), PhantomData)
    }

    /// The id whose bits are those of `number`.
    #[must_use]
    pub const fn from_u128(number: u128) -> Self {
        Self(Uuid::from_u128(number), PhantomData)
    }

    /// The id with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes), PhantomData)
    }

    /// Its 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes().as_slice()
    }
}

impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// As its text: cursors have a hash of it in them.
impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()).hash(state);
    }
}

impl<T> FromStr for Id<T> {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let uuid = Uuid::try_parse(text).ok().filter(|_| text.len() == LENGTH);
        uuid.map(|uuid| Self(uuid, PhantomData)).ok_or(NotAnId)
    }
}

impl<T> From<Id<T>> for String {
    fn from(id: Id<T>) -> Self {
        id.to_string()
    }
}

impl<T> From<Id<T>> for serde_json::Value {
    fn from(id: Id<T>) -> Self {
        Self::String(id.to_string())
    }
}

impl<T> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl<'de, T> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text).map(|uuid| Self(uuid, PhantomData))
    }
}

/// One visitor for the ids of all types.
struct Text;

impl Visitor<'_> for Text {
    type Value = Uuid;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Uuid, E> {
        text.parse().map(|Id::<()>(uuid, _)| uuid).map_err(E::custom)
    }
}

#[cfg(feature = "schema")]
impl<T> schemars::JsonSchema for Id<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "format": "uuid",
            "description": "A UUID, taken in any case and given in lower case. Ours are UUIDv7: they sort by time.",
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;

    const ID: &str = "019aa4c5-0001-7000-8000-0000000000ab";

    #[test]
    fn an_id_is_taken_in_any_case_and_given_in_lower_case() {
        for text in [ID.to_owned(), ID.to_uppercase(), ID.replacen('a', "A", 1)] {
            let id: OrderId = text.parse().unwrap();
            assert_eq!(
                (id.to_string(), format!("{id:?}"), String::from(id)),
                (ID.into(), ID.into(), ID.into())
            );
            assert_eq!(from_value::<OrderId>(json!(text)).unwrap(), id);
            assert_eq!(to_value(id).unwrap(), json!(ID));
        }
    }

    #[test]
    fn only_the_form_with_hyphens_is_an_id() {
        let bare = ID.replace('-', "");
        let others = [format!("{{{ID}}}"), format!("urn:uuid:{ID}"), format!("{ID} "), bare, String::new()];
        for text in others {
            assert_eq!(text.parse::<OrderId>(), Err(NotAnId), "{text}");
            let error = from_value::<OrderId>(json!(text)).unwrap_err().to_string();
            assert_eq!(error, NotAnId.to_string(), "{text}");
        }
    }

    #[test]
    fn ids_that_are_made_later_sort_later() {
        let ids: Vec<_> = (0..100).map(|_| OrderId::generate()).collect();
        assert!(ids.is_sorted());
        assert_eq!(OrderId::from_u128(0x019a_a4c5_0001_7000_8000_0000_0000_00ab).to_string(), ID);
    }
}
