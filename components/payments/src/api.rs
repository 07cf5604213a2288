//! Bodies of requests and responses, and what other services send and get.

use clock::Timestamp;
use contract::{OrderId, PaymentId, RefundId, UserId};
use money::{Currency, Decimal};
use serde::{Deserialize, Serialize};

use crate::card::CardDetails;
use crate::domain::{PaymentState, RefundState, Resolution};

/// What pays which order.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPayment {
    pub order_id: OrderId,
    /// The order's total, when it is not given.
    #[cfg_attr(feature = "schema", schemars(with = "Option<edge::describe::Price>"))]
    #[serde(default)]
    pub amount: Option<Decimal>,
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["credit_card"])))]
    pub payment_method: String,
    pub card_details: CardDetails,
}

/// A payment as it is shown.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    pub id: PaymentId,
    pub order_id: OrderId,
    pub buyer_id: UserId,
    pub status: PaymentState,
    pub amount: Decimal,
    pub currency: Currency,
    pub refunded: Decimal,
    pub provider: String,
    pub card: Card,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Where the payer has to confirm before the provider goes on.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "uri-reference")))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_url: Option<String>,
    /// Of one in CONFLICT: what the provider booked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub booked: Option<Booked>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What a provider booked where it was asked for something else.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Booked {
    pub amount: Decimal,
    pub currency: Currency,
}

/// What is known of the card.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Card {
    pub brand: String,
    pub last4: String,
    pub expiry: String,
}

/// Why a payment was declined or failed.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "PaymentFailure"))]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    pub code: String,
    pub retryable: bool,
    /// What the provider calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_code: Option<String>,
}

/// What is to be given back, and why.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewRefund {
    /// All that is left, when it is not given.
    #[cfg_attr(feature = "schema", schemars(with = "Option<edge::describe::Price>", extend("exclusiveMinimum" = 0)))]
    #[serde(default)]
    pub amount: Option<Decimal>,
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = crate::domain::refund::MAX_REASON)))]
    pub reason: String,
    /// Whether the goods go on sale again.
    #[serde(default)]
    pub restock: bool,
}

/// How a conflict ends, and why.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ResolvePayment"))]
#[serde(deny_unknown_fields)]
pub struct Resolve {
    pub action: Resolution,
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = crate::domain::refund::MAX_REASON)))]
    pub reason: String,
}

/// What a payer chose at the sandbox's page.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Chosen {
    pub result: Choice,
}

/// To pay or not.
#[derive(Clone, Copy, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    Approve,
    Refuse,
}

/// A refund as it is shown.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Refund {
    pub id: RefundId,
    pub payment_id: PaymentId,
    pub amount: Decimal,
    pub currency: Currency,
    pub status: RefundState,
    pub reason: String,
    pub restock: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_code: Option<String>,
    /// When the provider, which refused it, is asked again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// Of one in CONFLICT: what the provider gave back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub booked: Option<Decimal>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A dispute as it is shown: reason and status are in the provider's words.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Dispute {
    /// The provider's own.
    pub id: String,
    pub amount: Decimal,
    pub currency: Currency,
    pub reason: String,
    pub status: String,
    pub created_at: Timestamp,
}

/// A page of payments, and the sums of all that match.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "PaymentHistory"))]
#[serde(rename_all = "camelCase")]
pub struct History {
    #[serde(flatten)]
    pub page: edge::List<Payment>,
    /// One per currency.
    pub totals: Vec<Total>,
}

/// What payments of one currency sum up to.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "PaymentTotal"))]
pub struct Total {
    pub currency: Currency,
    /// How many there are, whatever became of them.
    pub payments: i64,
    pub captured: Decimal,
    pub refunded: Decimal,
    /// Captured, less refunded.
    pub net: Decimal,
}

/// What `POST /internal/payments/reconcile` did.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reconciled {
    /// Payments and refunds the provider was asked about.
    pub checked: usize,
    /// Of these, those that are not open any more.
    pub settled: usize,
}

impl Reconciled {
    /// Count one that was asked about.
    pub fn count(&mut self, settled: bool) {
        self.checked = self.checked.saturating_add(1);
        if settled {
            self.settled = self.settled.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::NewPayment;

    /// What a client is told of a body that cannot be read, in whatever form: the texts of serde and the path.
    fn complaint(card: &str) -> String {
        let order = "019aa4c5-0003-7000-8000-000000000001";
        let body = format!(
            r#"{{"orderId":"{order}","amount":1,"paymentMethod":"credit_card","cardDetails":{card}}}"#
        );
        serde_json::from_str::<NewPayment>(&body).err().map(|e| e.to_string()).unwrap_or_default()
    }

    #[test]
    fn complaints_never_quote_the_card() {
        let secrets = ["4111111111111111", "987"];
        for card in [
            r#""4111111111111111""#,
            r#"4111111111111111"#,
            r#"-4111111111111111.987"#,
            r#"["4111111111111111","987"]"#,
            r#"{"4111111111111111":"987"}"#,
            r#"{"number":"4111111111111111","cvv":"987","pin":"987"}"#,
            r#"{"number":"4111111111111111","cvv":"987" "x"}"#,
            r#"{"number":"4111111111111111"#,
            r#"{"number":4111111111111111x}"#,
            r#"{"number":"4111111111111111\q"}"#,
        ] {
            let text = complaint(card);
            assert!(!text.is_empty(), "{card} was read");
            assert!(!secrets.iter().any(|secret| text.contains(secret)), "{text}");
        }
    }

    #[test]
    fn members_of_another_type_are_left_to_the_check() {
        assert_eq!(complaint(r#"{"number":4111111111111111,"expiry":null,"cvv":987}"#), "");
        let body = r#"{"number":4111111111111111,"expiry":{},"cvv":[987]}"#;
        let details: crate::card::CardDetails = serde_json::from_str(body).ok().unwrap();
        let errors = details.check((2026, 1)).err().unwrap();
        assert_eq!(errors.len(), 3);
        assert!(!format!("{errors:?}").contains("4111"));
    }
}
