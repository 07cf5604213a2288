//! What Stripe's objects and errors mean. Pure.

use serde_json::Value;

use crate::api::Answer;
use crate::bindings::exports::jangteo::payments::provider::{Decline, Outcome, Payback, Receipt};
use crate::currency;

/// Before the id of an intent whose payer has to confirm, but Stripe names no page where.
pub const NO_URL: &str = "no-url:";

/// Stripe's decline codes, the standard ones, and whether the same card may be tried again
/// (<https://docs.stripe.com/declines/codes>). Any other is `do_not_honor` when it is about the card, else
/// `processing_error`.
const DECLINES: [(&str, &str, bool); 15] = [
    ("insufficient_funds", "insufficient_funds", true),
    ("card_velocity_exceeded", "insufficient_funds", true),
    ("withdrawal_count_limit_exceeded", "insufficient_funds", true),
    ("expired_card", "expired_card", false),
    ("invalid_expiry_month", "expired_card", false),
    ("invalid_expiry_year", "expired_card", false),
    ("lost_card", "stolen_card", false),
    ("stolen_card", "stolen_card", false),
    ("pickup_card", "stolen_card", false),
    ("fraudulent", "fraud_suspected", false),
    ("merchant_blacklist", "fraud_suspected", false),
    ("authentication_required", "authentication_required", false),
    ("payment_intent_authentication_failure", "authentication_required", true),
    ("processing_error", "processing_error", true),
    ("try_again_later", "processing_error", true),
];

/// What a PaymentIntent says of the charge.
pub fn intent(body: &Value) -> Outcome {
    match body.pointer("/status").and_then(Value::as_str) {
        Some("succeeded") => {
            receipt(body, "/amount_received").map_or_else(Outcome::Unknown, Outcome::Captured)
        }
        Some("requires_capture") => {
            receipt(body, "/amount_capturable").map_or_else(Outcome::Unknown, Outcome::Authorized)
        }
        Some("processing" | "requires_confirmation") => Outcome::Pending,
        Some("requires_action") => {
            let url = body.pointer("/next_action/redirect_to_url/url").and_then(Value::as_str);
            let id = body.pointer("/id").and_then(Value::as_str).unwrap_or_default();
            Outcome::RequiresAction(url.map_or_else(|| format!("{NO_URL}{id}"), str::to_owned))
        }
        Some("canceled") => Outcome::Cancelled,
        Some("requires_payment_method") => {
            let error = body.pointer("/last_payment_error").unwrap_or(&Value::Null);
            declined(code(error).unwrap_or("processing_error"))
        }
        other => Outcome::Unknown(format!("a PaymentIntent that is {}", other.unwrap_or("in no state"))),
    }
}

/// What a Refund says of itself.
pub fn refund(body: &Value) -> Outcome {
    match body.pointer("/status").and_then(Value::as_str) {
        Some("succeeded") => receipt(body, "/amount").map_or_else(Outcome::Unknown, Outcome::Captured),
        Some("failed" | "canceled") => declined("do_not_honor"),
        _ => Outcome::Pending,
    }
}

/// All that was given back, of a list of Refunds. What is under way, or has failed, is not.
pub fn paybacks(refunds: &[Value]) -> Vec<Payback> {
    let done = refunds.iter().filter_map(|body| match refund(body) {
        Outcome::Captured(receipt) => Some((receipt, body)),
        _ => None,
    });
    let ours = |body: &Value| body.pointer("/metadata/refund_id").and_then(Value::as_str).map(str::to_owned);
    done.map(|(receipt, body)| Payback { receipt, refund_id: ours(body) }).collect()
}

/// A request that was not taken. A definite no is final, whether it is about the card or about the request; anything
/// else may come to be known.
pub fn refused(answer: &Answer) -> Outcome {
    let error = answer.body.pointer("/error").unwrap_or(&Value::Null);
    let kind = error.pointer("/type").and_then(Value::as_str);
    let code = code(error).unwrap_or_default();
    match answer.status {
        402 => declined(code),
        _ if kind == Some("card_error") => declined(code),
        // The key was used for something else, which may stand.
        400 if kind == Some("idempotency_error") => Outcome::Pending,
        401 | 403 => answer.unclear(code),
        _ if answer.is_refusal() => rejected(code),
        _ => answer.unclear(code),
    }
}

/// A decline with the standard code for Stripe's.
pub fn declined(code: &str) -> Outcome {
    no("do_not_honor", code)
}

/// A request that Stripe will not take, whatever the card.
pub fn rejected(code: &str) -> Outcome {
    no("processing_error", code)
}

fn no(unknown: &str, stripes: &str) -> Outcome {
    let known = DECLINES.iter().find(|(one, _, _)| *one == stripes);
    let (code, retryable) = known.map_or((unknown, false), |(_, code, retryable)| (*code, *retryable));
    let provider_code = (!stripes.is_empty()).then(|| stripes.to_owned());
    Outcome::Declined(Decline { code: code.to_owned(), retryable, provider_code })
}

/// Whether an object's metadata has this member.
pub fn has(body: &Value, name: &str, value: &str) -> bool {
    body.pointer("/metadata").and_then(|metadata| metadata.get(name)).and_then(Value::as_str) == Some(value)
}

/// When an object was made, in seconds since 1970.
pub fn created(body: &Value) -> i64 {
    body.pointer("/created").and_then(Value::as_i64).unwrap_or(i64::MAX)
}

/// The more precise code first.
fn code(error: &Value) -> Option<&str> {
    let text = |name| error.get(name).and_then(Value::as_str);
    text("decline_code").or_else(|| text("code"))
}

/// What Stripe says that it booked: `amount` names the member, without which the object's own counts.
fn receipt(body: &Value, amount: &str) -> Result<Receipt, String> {
    let amount = body.pointer(amount).or_else(|| body.pointer("/amount")).and_then(Value::as_i64);
    let text = |name| body.pointer(name).and_then(Value::as_str);
    match (amount, text("/currency"), text("/id")) {
        (Some(units), Some(currency), Some(id)) => {
            let amount = currency::money(units, currency).ok_or("an amount of no whole minor unit")?;
            Ok(Receipt { reference: id.to_owned(), amount })
        }
        _ => Err("an answer without amount, currency or id".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with_status(status: &str) -> Value {
        json!({ "id": "pi_1", "status": status, "amount": 500, "amount_received": 499, "currency": "usd" })
    }

    fn shape(outcome: Outcome) -> String {
        match outcome {
            Outcome::Captured(r) => {
                format!("captured {} {} {}", r.reference, r.amount.minor_units, r.amount.currency)
            }
            Outcome::Authorized(r) => format!("authorized {}", r.amount.minor_units),
            Outcome::Declined(no) => format!("declined {} {}", no.code, no.retryable),
            Outcome::Cancelled => "cancelled".to_owned(),
            Outcome::RequiresAction(url) => format!("action {url}"),
            Outcome::Pending => "pending".to_owned(),
            Outcome::Unknown(_) => "unknown".to_owned(),
            Outcome::Unauthorized(_) => "unauthorized".to_owned(),
        }
    }

    #[test]
    fn what_a_payment_intent_means() {
        for (status, expected) in [
            ("succeeded", "captured pi_1 499 USD"),
            ("requires_capture", "authorized 500"),
            ("processing", "pending"),
            ("canceled", "cancelled"),
            ("requires_action", "action no-url:pi_1"),
            ("requires_payment_method", "declined processing_error true"),
            ("new_state", "unknown"),
        ] {
            assert_eq!(shape(intent(&with_status(status))), expected, "{status}");
        }
        let mut declined = with_status("requires_payment_method");
        declined["last_payment_error"] = json!({ "code": "card_declined", "decline_code": "lost_card" });
        assert_eq!(shape(intent(&declined)), "declined stolen_card false");
        let mut redirect = with_status("requires_action");
        redirect["next_action"] = json!({ "redirect_to_url": { "url": "https://x" } });
        assert_eq!(shape(intent(&redirect)), "action https://x");
        assert_eq!(shape(intent(&json!({ "status": "succeeded" }))), "unknown");
    }

    #[test]
    fn a_definite_no_is_a_decline() {
        let refused = |status, body| shape(refused(&Answer { status, body }));
        let card = json!({ "error": { "type": "card_error", "code": "card_declined", "decline_code": "fraudulent" } });
        assert_eq!(refused(402, card), "declined fraud_suspected false");
        assert_eq!(refused(402, Value::Null), "declined do_not_honor false");
        let invalid = json!({ "error": { "type": "invalid_request_error", "code": "amount_too_small" } });
        for status in [400, 404, 405, 410, 422, 451] {
            assert_eq!(refused(status, invalid.clone()), "declined processing_error false", "{status}");
            assert_eq!(refused(status, Value::Null), "declined processing_error false", "{status}");
        }
        for status in [401, 403] {
            assert_eq!(refused(status, Value::Null), "unauthorized", "{status}");
        }
        for status in [302, 408, 409, 429, 500, 503] {
            assert_eq!(refused(status, Value::Null), "unknown", "{status}");
        }
        assert_eq!(refused(400, json!({ "error": { "type": "idempotency_error" } })), "pending");
        let Outcome::Declined(no) = super::refused(&Answer { status: 400, body: invalid }) else { panic!() };
        assert_eq!(no.provider_code.as_deref(), Some("amount_too_small"));
    }

    #[test]
    fn a_refund_is_settled_by_a_clear_word_only() {
        let refund = |status| {
            shape(refund(&json!({ "id": "re_1", "status": status, "amount": 5, "currency": "krw" })))
        };
        assert_eq!(refund("succeeded"), "captured re_1 5 KRW");
        assert_eq!(refund("pending"), "pending");
        assert_eq!(refund("failed"), "declined do_not_honor false");
        let over = Answer { status: 400, body: json!({ "error": { "code": "charge_already_refunded" } }) };
        assert_eq!(shape(refused(&over)), "declined processing_error false");
    }

    #[test]
    fn only_what_was_given_back_counts_and_ours_is_known() {
        let refund = |status, metadata| {
            json!({ "id": "re_1", "status": status, "amount": 100,
                "currency": "mga", "metadata": metadata })
        };
        let list = [
            refund("succeeded", json!({ "refund_id": "r" })),
            refund("succeeded", json!({})),
            refund("pending", json!({})),
            refund("failed", json!({})),
        ];
        let told: Vec<_> =
            paybacks(&list).into_iter().map(|p| (p.receipt.amount.minor_units, p.refund_id)).collect();
        assert_eq!(told, [(10_000, Some("r".to_owned())), (10_000, None)]);
    }
}
