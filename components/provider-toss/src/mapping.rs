//! What Toss's Payment objects and errors mean. Pure.

use serde_json::Value;

use crate::Answer;
use crate::bindings::exports::jangteo::payments::provider::{
    Decline, Delivery, Money, Notice, Outcome, Receipt, RefundRequest, Refusal,
};

/// Toss's error codes, the standard ones, and whether the same card may be tried again
/// (<https://docs.tosspayments.com/reference/error-codes>). Any other of a 400 or 403 is `do_not_honor`.
const DECLINES: [(&str, &str, bool); 11] = [
    ("REJECT_ACCOUNT_PAYMENT", "insufficient_funds", true),
    ("REJECT_CARD_PAYMENT", "insufficient_funds", true),
    ("EXCEED_MAX_DAILY_PAYMENT_COUNT", "insufficient_funds", true),
    ("EXCEED_MAX_PAYMENT_AMOUNT", "insufficient_funds", true),
    ("INVALID_CARD_EXPIRATION", "expired_card", false),
    ("INVALID_CARD_LOST_OR_STOLEN", "stolen_card", false),
    ("INVALID_STOPPED_CARD", "stolen_card", false),
    ("FDS_ERROR", "fraud_suspected", false),
    ("INVALID_AUTHORIZE_AUTH", "authentication_required", false),
    ("CARD_PROCESSING_ERROR", "processing_error", true),
    ("PROVIDER_ERROR", "processing_error", true),
];

/// Error codes after which the payment may stand all the same: ask.
const UNCLEAR: [&str; 4] = [
    "ALREADY_PROCESSED_PAYMENT",
    "DUPLICATED_ORDER_ID",
    "IDEMPOTENT_REQUEST_PROCESSING",
    "FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING",
];

/// What an answer with a Payment object says of the charge.
pub fn payment(answer: &Answer) -> Outcome {
    if answer.status != 200 {
        return refused(answer);
    }
    let failure = answer.body.pointer("/failure/code").and_then(Value::as_str);
    match answer.body.pointer("/status").and_then(Value::as_str) {
        Some("DONE" | "PARTIAL_CANCELED") => {
            receipt(&answer.body).map_or_else(Outcome::Unknown, Outcome::Captured)
        }
        Some("IN_PROGRESS") => receipt(&answer.body).map_or_else(Outcome::Unknown, Outcome::Authorized),
        Some("READY" | "WAITING_FOR_DEPOSIT") => Outcome::Pending,
        Some("CANCELED" | "EXPIRED") => Outcome::Cancelled,
        Some("ABORTED") => declined(failure.unwrap_or_default()),
        other => Outcome::Unknown(format!("a payment that is {}", other.unwrap_or("in no state"))),
    }
}

/// What a Payment object says of our refund; none when the refund is not in it.
pub fn refund(answer: &Answer, request: &RefundRequest) -> Option<Outcome> {
    let ours =
        |cancel: &&Value| text(cancel, "/cancelReason").is_some_and(|r| r.contains(&request.refund_id));
    let cancel = answer.body.pointer("/cancels")?.as_array()?.iter().find(ours)?;
    let receipt = (|| {
        let minor_units = cancel.pointer("/cancelAmount")?.as_i64()?;
        let amount = Money { minor_units, currency: text(&answer.body, "/currency")?.to_owned() };
        Some(Receipt { reference: text(cancel, "/transactionKey")?.to_owned(), amount })
    })();
    Some(receipt.map_or(Outcome::Pending, Outcome::Captured))
}

/// The reason that Toss keeps with our refund.
pub fn reason(request: &RefundRequest) -> String {
    format!("Refund {}", request.refund_id)
}

/// A request that was not taken. What says nothing about the card may come to be known.
pub fn refused(answer: &Answer) -> Outcome {
    let code = text(&answer.body, "/code").unwrap_or_default();
    match answer.status {
        400 | 403 if !code.is_empty() && !UNCLEAR.contains(&code) => declined(code),
        status => Outcome::Unknown(format!("{status} {code}")),
    }
}

/// A decline with the standard code for Toss's.
pub fn declined(code: &str) -> Outcome {
    let known = DECLINES.iter().find(|(tosss, _, _)| *tosss == code);
    let (code, retryable) = known.map_or(("do_not_honor", false), |(_, code, retryable)| (*code, *retryable));
    Outcome::Declined(Decline { code: code.to_owned(), retryable })
}

/// Whether Toss says that it does not know the payment.
pub fn is_missing(answer: &Answer) -> bool {
    let code = text(&answer.body, "/code");
    answer.status == 404 && matches!(code, Some("NOT_FOUND_PAYMENT" | "NOT_FOUND_PAYMENT_SESSION"))
}

/// Toss's own id of a payment.
pub fn payment_key(body: &Value) -> Result<&str, String> {
    text(body, "/paymentKey").ok_or_else(|| "an answer without paymentKey".to_owned())
}

/// What a webhook is about.
pub fn notice(delivery: &Delivery) -> Result<Notice, Refusal> {
    let unreadable = |why: &str| Refusal::Unreadable(why.to_owned());
    let body: Value = serde_json::from_slice(&delivery.body).map_err(|_| unreadable("not JSON"))?;
    let header = delivery.headers.iter().find(|(name, _)| name == "tosspayments-webhook-transmission-id");
    let (_, id) = header.ok_or_else(|| unreadable("no transmission id"))?;
    let of_payment = text(&body, "/eventType") == Some("PAYMENT_STATUS_CHANGED");
    let payment_id = text(&body, "/data/orderId").filter(|_| of_payment).map(str::to_owned);
    Ok(Notice { id: id.clone(), payment_id })
}

fn receipt(body: &Value) -> Result<Receipt, String> {
    let amount = body.pointer("/totalAmount").and_then(Value::as_i64);
    match (amount, text(body, "/currency")) {
        (Some(minor_units), Some(currency)) => {
            let amount = Money { minor_units, currency: currency.to_owned() };
            Ok(Receipt { reference: payment_key(body)?.to_owned(), amount })
        }
        _ => Err("an answer without totalAmount or currency".to_owned()),
    }
}

fn text<'a>(body: &'a Value, pointer: &str) -> Option<&'a str> {
    body.pointer(pointer).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(status: u16, body: Value) -> Answer {
        Answer { status, body }
    }

    fn with_status(status: &str) -> Answer {
        answer(200, json!({ "paymentKey": "k", "status": status, "totalAmount": 30000, "currency": "KRW" }))
    }

    fn shape(outcome: Outcome) -> String {
        match outcome {
            Outcome::Captured(r) => format!("captured {} {}", r.reference, r.amount.minor_units),
            Outcome::Authorized(r) => format!("authorized {}", r.amount.minor_units),
            Outcome::Declined(no) => format!("declined {} {}", no.code, no.retryable),
            Outcome::Cancelled => "cancelled".to_owned(),
            Outcome::Pending => "pending".to_owned(),
            Outcome::RequiresAction(_) | Outcome::Unknown(_) => "unknown".to_owned(),
        }
    }

    #[test]
    fn what_a_payment_means() {
        for (status, expected) in [
            ("DONE", "captured k 30000"),
            ("PARTIAL_CANCELED", "captured k 30000"),
            ("IN_PROGRESS", "authorized 30000"),
            ("READY", "pending"),
            ("CANCELED", "cancelled"),
            ("EXPIRED", "cancelled"),
            ("ABORTED", "declined do_not_honor false"),
            ("NEW", "unknown"),
        ] {
            assert_eq!(shape(payment(&with_status(status))), expected, "{status}");
        }
    }

    #[test]
    fn what_an_error_means() {
        let coded =
            |status, code: &str| shape(payment(&answer(status, json!({ "code": code, "message": "…" }))));
        assert_eq!(coded(403, "REJECT_CARD_PAYMENT"), "declined insufficient_funds true");
        assert_eq!(coded(400, "INVALID_CARD_EXPIRATION"), "declined expired_card false");
        assert_eq!(coded(400, "ALREADY_PROCESSED_PAYMENT"), "unknown");
        assert_eq!(coded(401, "UNAUTHORIZED_KEY"), "unknown");
        assert_eq!(coded(500, "FAILED_INTERNAL_SYSTEM_PROCESSING"), "unknown");
        assert_eq!(shape(payment(&answer(400, Value::Null))), "unknown");
        assert!(is_missing(&answer(404, json!({ "code": "NOT_FOUND_PAYMENT" }))));
        assert!(!is_missing(&answer(404, Value::Null)));
    }

    #[test]
    fn a_webhook_is_a_hint_with_an_id() {
        let body = br#"{"eventType":"PAYMENT_STATUS_CHANGED","data":{"orderId":"p"}}"#.to_vec();
        let id = ("tosspayments-webhook-transmission-id".to_owned(), "t1".to_owned());
        let notice_of = |headers, body| notice(&Delivery { headers, body });
        let believed = notice_of(vec![id.clone()], body.clone()).unwrap();
        assert_eq!((believed.id.as_str(), believed.payment_id.as_deref()), ("t1", Some("p")));
        assert!(notice_of(Vec::new(), body).is_err());
        assert!(notice_of(vec![id], b"{".to_vec()).is_err());
    }
}
