//! What Toss's Payment objects and errors mean. Pure.

use serde_json::Value;

use crate::Answer;
use crate::bindings::exports::jangteo::payments::provider::{
    Decline, Delivery, Money, Notice, Outcome, Payback, Receipt, RefundRequest, Refusal, Standing,
};

/// What key-in payments are made in.
pub const CURRENCY: &str = "KRW";

/// Toss's error codes, the standard ones, and whether the same card may be tried again
/// (<https://docs.tosspayments.com/reference/error-codes>). Any other is `do_not_honor`.
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
const UNCLEAR: [&str; 3] =
    ["ALREADY_PROCESSED_PAYMENT", "DUPLICATED_ORDER_ID", "IDEMPOTENT_REQUEST_PROCESSING"];

/// Error codes that are about our key. (Others of a 403 are about the card.)
const OF_KEY: [&str; 3] = ["UNAUTHORIZED_KEY", "FORBIDDEN_REQUEST", "INCORRECT_BASIC_AUTH_FORMAT"];

/// What is before our refund id in the reason that Toss keeps.
const REASON: &str = "Refund ";

/// What the answer to a charge or a capture says of it: a definite no is final.
pub fn payment(answer: &Answer) -> Outcome {
    if answer.status == 200 { object(answer) } else { refused(answer) }
}

/// What the answer to a question or a cancellation says of the charge: a no to that is none to the charge.
pub fn found(answer: &Answer) -> Outcome {
    if answer.status == 200 { object(answer) } else { unclear(answer) }
}

/// How a charge stands, with all that was given back of it: by Toss's dashboard, too.
pub fn standing(answer: &Answer) -> Standing {
    let cancels = answer.body.pointer("/cancels").and_then(Value::as_array);
    let outcome = found(answer);
    let refunds = match outcome {
        // Of a payment that was taken; one that was only held gives nothing back.
        Outcome::Captured(_) | Outcome::Cancelled => {
            cancels.into_iter().flatten().filter_map(|cancel| payback(&answer.body, cancel)).collect()
        }
        _ => Vec::new(),
    };
    Standing { outcome, refunds }
}

fn payback(payment: &Value, cancel: &Value) -> Option<Payback> {
    let done = text(cancel, "/cancelStatus").is_none_or(|status| status == "DONE");
    let refund_id = text(cancel, "/cancelReason").and_then(|reason| reason.strip_prefix(REASON));
    let receipt = cancelled(payment, cancel).filter(|_| done)?;
    Some(Payback { receipt, refund_id: refund_id.map(str::to_owned) })
}

/// The proof of one entry of `cancels`.
fn cancelled(payment: &Value, cancel: &Value) -> Option<Receipt> {
    let minor_units = cancel.pointer("/cancelAmount")?.as_i64()?;
    let amount = Money { minor_units, currency: text(payment, "/currency")?.to_owned() };
    Some(Receipt { reference: text(cancel, "/transactionKey")?.to_owned(), amount })
}

fn object(answer: &Answer) -> Outcome {
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
    let reason = reason(request);
    let ours = |cancel: &&Value| text(cancel, "/cancelReason") == Some(reason.as_str());
    let cancel = answer.body.pointer("/cancels")?.as_array()?.iter().find(ours)?;
    Some(cancelled(&answer.body, cancel).map_or(Outcome::Pending, Outcome::Captured))
}

/// The reason that Toss keeps with our refund.
pub fn reason(request: &RefundRequest) -> String {
    format!("{REASON}{}", request.refund_id)
}

/// A request that was not taken: a definite no is final. (That it came too late, in the way of another, or too often
/// is none.)
pub fn refused(answer: &Answer) -> Outcome {
    let code = text(&answer.body, "/code").unwrap_or_default();
    let of_request = !UNCLEAR.contains(&code) && !OF_KEY.contains(&code);
    match answer.status {
        401 | 408 | 409 | 429 => unclear(answer),
        400..=499 if of_request => declined(code),
        _ => unclear(answer),
    }
}

/// An answer that says nothing about the money.
pub fn unclear(answer: &Answer) -> Outcome {
    let code = text(&answer.body, "/code").unwrap_or_default();
    let why = format!("{} {code}", answer.status);
    match answer.status {
        401 => Outcome::Unauthorized(why),
        403 if OF_KEY.contains(&code) => Outcome::Unauthorized(why),
        408 | 409 | 429 => Outcome::Unknown(why),
        400..=499 => Outcome::Pending,
        _ => Outcome::Unknown(why),
    }
}

/// A decline with the standard code for Toss's.
pub fn declined(tosss: &str) -> Outcome {
    let known = DECLINES.iter().find(|(one, _, _)| *one == tosss);
    let (code, retryable) = known.map_or(("do_not_honor", false), |(_, code, retryable)| (*code, *retryable));
    let provider_code = (!tosss.is_empty()).then(|| tosss.to_owned());
    Outcome::Declined(Decline { code: code.to_owned(), retryable, provider_code })
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
    let reference = text(&body, "/data/paymentKey").filter(|_| of_payment).map(str::to_owned);
    Ok(Notice { id: id.clone(), signed: false, payment_id, reference, dispute: None })
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
            Outcome::Unauthorized(_) => "unauthorized".to_owned(),
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
        assert_eq!(coded(404, "NOT_FOUND_MERCHANT"), "declined do_not_honor false");
        assert_eq!(coded(400, "ALREADY_PROCESSED_PAYMENT"), "pending");
        assert_eq!(coded(401, "UNAUTHORIZED_KEY"), "unauthorized");
        assert_eq!(coded(403, "FORBIDDEN_REQUEST"), "unauthorized");
        assert_eq!(coded(500, "FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING"), "unknown");
        assert_eq!(coded(409, "IDEMPOTENT_REQUEST_PROCESSING"), "unknown");
        assert_eq!(shape(payment(&answer(400, Value::Null))), "declined do_not_honor false");
        // A question that is refused says nothing about the charge.
        for (status, expected) in [(400, "pending"), (403, "pending"), (404, "pending"), (429, "unknown")] {
            assert_eq!(shape(found(&answer(status, Value::Null))), expected, "{status}");
        }
        assert!(is_missing(&answer(404, json!({ "code": "NOT_FOUND_PAYMENT" }))));
        assert!(!is_missing(&answer(404, Value::Null)));
    }

    #[test]
    fn every_cancel_that_is_done_was_given_back_and_ours_is_known() {
        let cancel = |reason: &str, status: &str| {
            json!({ "cancelReason": reason, "cancelAmount": 10,
                "transactionKey": reason, "cancelStatus": status })
        };
        let mut body = with_status("PARTIAL_CANCELED").body;
        body["cancels"] =
            json!([cancel("Refund r", "DONE"), cancel("고객 변심", "DONE"), cancel("x", "IN_PROGRESS")]);
        let told: Vec<_> = standing(&answer(200, body)).refunds.into_iter().map(|p| p.refund_id).collect();
        assert_eq!(told, [Some("r".to_owned()), None]);
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
