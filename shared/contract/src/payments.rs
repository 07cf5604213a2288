//! Payments: their events.

use clock::Timestamp;
use money::Amount;
use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumString, IntoStaticStr, VariantArray};

use crate::{OrderId, PaymentId, RefundId, UserId};

/// What happens to payments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, EnumDiscriminants)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all_fields = "camelCase")]
#[strum_discriminants(
    name(PaymentEventKind),
    doc = "The kinds of [`PaymentEvent`]s.",
    derive(IntoStaticStr, EnumString, VariantArray, Hash),
    strum(const_into_str)
)]
pub enum PaymentEvent {
    /// A payment is about to be asked of its provider. The subject is the payment.
    #[strum_discriminants(strum(serialize = "payment.started"))]
    Started {
        /// The order it is of.
        order_id: OrderId,
        /// Who pays.
        buyer_id: UserId,
        /// The order's total.
        #[serde(flatten)]
        amount: Amount,
        /// Who is to take it.
        provider: String,
    },
    /// The outcome is not known yet; the provider will be asked.
    #[strum_discriminants(strum(serialize = "payment.deferred"))]
    Deferred {
        /// The payment.
        payment_id: PaymentId,
        /// The order it is of.
        order_id: OrderId,
        /// Why.
        cause: Deferral,
    },
    /// The provider reserved the money.
    #[strum_discriminants(strum(serialize = "payment.authorized"))]
    Authorized(Receipt),
    /// The money was taken.
    #[strum_discriminants(strum(serialize = "payment.captured"))]
    Captured(Receipt),
    /// The provider declined the card or the request; `providerCode` is its own word for it.
    #[strum_discriminants(strum(serialize = "payment.declined"))]
    Declined {
        /// The payment.
        payment_id: PaymentId,
        /// The order it is of.
        order_id: OrderId,
        /// One of the codes that clients know, such as `insufficient_funds`.
        code: String,
        /// Whether the same card may be tried again.
        retryable: bool,
        /// What the provider calls it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider_code: Option<String>,
        /// Whether the order may have been told that it is open.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        was_open: bool,
    },
    /// The payment did not come about.
    #[strum_discriminants(strum(serialize = "payment.failed"))]
    Failed {
        /// The payment.
        payment_id: PaymentId,
        /// The order it is of.
        order_id: OrderId,
        /// Why: `not_received` or `provider_misconfigured`.
        code: String,
        /// Whether the same card may be tried again.
        retryable: bool,
        /// Whether the order may have been told that it is open.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        was_open: bool,
    },
    /// The provider cancelled the payment.
    #[strum_discriminants(strum(serialize = "payment.cancelled"))]
    Cancelled {
        /// The payment.
        payment_id: PaymentId,
        /// The order it is of.
        order_id: OrderId,
        /// Whether the order may have been told that it is open.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        was_open: bool,
    },
    /// The provider booked another sum than was asked.
    #[strum_discriminants(strum(serialize = "payment.conflicted"))]
    Conflicted {
        /// The payment.
        payment_id: PaymentId,
        /// The order it is of.
        order_id: OrderId,
        /// What was asked for.
        #[serde(flatten)]
        amount: Amount,
        /// The provider's own id of the charge or refund.
        reference: String,
        /// What the provider booked instead.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        booked: Option<Booked>,
        /// The refund that it is about, if it is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refund_id: Option<RefundId>,
    },
    /// An ADMIN looked at what the provider booked: it stands when `accepted`, else what is left of it goes back by
    /// the refund `refundId`.
    #[strum_discriminants(strum(serialize = "conflict.resolved"))]
    Resolved(Resolved),
    /// Money is about to be asked back from the provider.
    #[strum_discriminants(strum(serialize = "payment.refund_requested"))]
    RefundRequested {
        /// The payment.
        payment_id: PaymentId,
        /// The order it is of.
        order_id: OrderId,
        /// The refund.
        refund_id: RefundId,
        /// What is asked for.
        #[serde(flatten)]
        amount: Amount,
        /// Whether the goods go on sale again.
        restock: bool,
    },
    /// A refund that the provider refused is about to be asked for again; `automatic` when no person does.
    #[strum_discriminants(strum(serialize = "payment.refund_retried"))]
    RefundRetried {
        /// The payment.
        payment_id: PaymentId,
        /// The order it is of.
        order_id: OrderId,
        /// The refund.
        refund_id: RefundId,
        /// What is asked for.
        #[serde(flatten)]
        amount: Amount,
        /// Whether no person asks.
        automatic: bool,
        /// How often it was asked for again, this time included.
        retries: i64,
    },
    /// Money was given back: all of it when `full`; by the provider without our asking when `elsewhere`.
    #[strum_discriminants(strum(serialize = "payment.refunded"))]
    Refunded(Refunded),
    /// The provider does not give the money back.
    #[strum_discriminants(strum(serialize = "payment.refund_failed"))]
    RefundFailed {
        /// The payment.
        payment_id: PaymentId,
        /// The order it is of.
        order_id: OrderId,
        /// The refund.
        refund_id: RefundId,
        /// Why.
        decline_code: String,
        /// What was asked for.
        #[serde(flatten)]
        amount: Amount,
    },
    /// The order will not have this payment: all that is left of it goes back, however often the provider refuses.
    #[strum_discriminants(strum(serialize = "payment.return_due"))]
    ReturnDue {
        /// The payment.
        payment_id: PaymentId,
        /// The order it is of.
        order_id: OrderId,
        /// Why.
        reason: String,
    },
    /// The payer's bank wants money back, or what became of that; reason and status in the provider's words. The
    /// subject is the dispute.
    #[strum_discriminants(strum(serialize = "dispute.recorded"))]
    DisputeRecorded {
        /// The provider's own id.
        dispute_id: String,
        /// The payment.
        payment_id: PaymentId,
        /// The order it is of.
        order_id: OrderId,
        /// In dispute, in minor units.
        amount: i64,
        /// Of the amount, as the provider spells it.
        currency: String,
        /// In the provider's words.
        reason: String,
        /// In the provider's words.
        status: String,
        /// Who tells.
        provider: String,
        /// Whether it is not decided yet.
        open: bool,
        /// When it was opened.
        opened_at: Timestamp,
        /// Of when the provider's news is, in seconds since the epoch: older news change nothing.
        as_of: i64,
    },
    /// A webhook of a provider was acted on.
    #[strum_discriminants(strum(serialize = "webhook.received"))]
    WebhookReceived {
        /// Who sent it.
        provider: String,
        /// The provider's own id of it.
        webhook_id: String,
        /// The payment it was about.
        payment_id: PaymentId,
    },
    /// A fault point that a test had switched on stalled a request.
    #[strum_discriminants(strum(serialize = "fault.injected"))]
    FaultInjected {
        /// Which.
        point: String,
    },
}

/// Money that the provider holds or has taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The payment.
    pub payment_id: PaymentId,
    /// The order it is of.
    pub order_id: OrderId,
    /// How much.
    #[serde(flatten)]
    pub amount: Amount,
    /// The provider's own id of the charge.
    pub reference: String,
}

/// What a provider says that it booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Booked {
    /// In minor units.
    pub amount: i64,
    /// As the provider spells it.
    pub currency: String,
}

/// Money that was given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Refunded {
    /// The payment.
    pub payment_id: PaymentId,
    /// The order it is of.
    pub order_id: OrderId,
    /// The refund; `None` when nothing was to be given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_id: Option<RefundId>,
    /// How much.
    #[serde(flatten)]
    pub amount: Amount,
    /// The provider's own id of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// This and all earlier refunds, in minor units.
    pub refunded_total: i64,
    /// Whether nothing of the payment is left.
    pub full: bool,
    /// Whether the goods go on sale again.
    #[serde(default)]
    pub restock: bool,
    /// Whether the provider did it without our asking.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub elsewhere: bool,
}

/// How a conflict ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Resolved {
    /// The payment.
    pub payment_id: PaymentId,
    /// The order it is of.
    pub order_id: OrderId,
    /// What was decided.
    pub action: Resolution,
    /// Whether the payment stands; else it is given back.
    pub accepted: bool,
    /// What was taken.
    #[serde(flatten)]
    pub taken: Amount,
    /// What was asked for: the order's total then.
    pub asked: Amount,
    /// What had been given back without our knowing, in minor units.
    pub refunded: i64,
    /// All that was given back, in minor units.
    pub refunded_total: i64,
    /// What is on its way back, in minor units.
    pub refunding: i64,
    /// Whether nothing of the payment is left.
    pub full: bool,
    /// The refund of what is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_id: Option<RefundId>,
    /// Its amount, in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_amount: Option<i64>,
}

/// What becomes of money that was booked otherwise than was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Resolution {
    /// All that is left of it goes back.
    Refund,
    /// It stands.
    Accept,
}

/// Why an outcome is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Deferral {
    /// The payer has to confirm.
    RequiresAction,
    /// The provider has not decided.
    Pending,
    /// No answer came, or none that can be read.
    Unknown,
    /// The provider refuses our account.
    Unauthorized,
}
