//! Stripe's webhook signatures, scheme v1 (<https://docs.stripe.com/webhooks/signatures>). Pure.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use crate::bindings::exports::jangteo::payments::provider::{Delivery, Dispute, Notice, Refusal};
use crate::currency;

/// Statuses of a dispute that is decided (<https://docs.stripe.com/api/disputes/object#dispute_object-status>).
const DECIDED: [&str; 4] = ["won", "lost", "warning_closed", "prevented"];

/// How far a signature's time may be from ours, in seconds; Stripe's own libraries use the same.
const TOLERANCE: i64 = 300;

/// Check a webhook at `now` (seconds since 1970), and say what it is about.
pub fn verify(secret: &str, delivery: &Delivery, now: i64) -> Result<Notice, Refusal> {
    if secret.is_empty() {
        return Err(Refusal::Unsupported);
    }
    let header = delivery.headers.iter().find(|(name, _)| name == "stripe-signature");
    let (time, signatures) = parse(header.map_or("", |(_, value)| value)).ok_or(Refusal::Forged)?;
    if !signatures.iter().any(|signature| is_signed(secret, time, &delivery.body, signature)) {
        return Err(Refusal::Forged);
    }
    if now.abs_diff(time) > TOLERANCE.unsigned_abs() {
        return Err(Refusal::Stale);
    }
    notice(&delivery.body, now)
}

/// `t=<seconds>,v1=<hex>[,v1=<hex>…]`: while a secret is exchanged there is a signature by each.
fn parse(header: &str) -> Option<(i64, Vec<Vec<u8>>)> {
    let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
    let time = parts().find(|(name, _)| *name == "t")?.1.parse().ok()?;
    let signatures =
        parts().filter(|(name, _)| *name == "v1").filter_map(|(_, value)| hex::decode(value).ok());
    Some((time, signatures.collect()))
}

/// HMAC-SHA-256 over `<time>.<body>`, compared in constant time.
fn is_signed(secret: &str, time: i64, body: &[u8], signature: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
    mac.update(format!("{time}.").as_bytes());
    mac.update(body);
    mac.verify_slice(signature).is_ok()
}

/// PaymentIntents, their charges and our refunds carry our payment id in their metadata; refunds of the dashboard and
/// disputes only name the PaymentIntent, by its id or whole.
fn notice(body: &[u8], now: i64) -> Result<Notice, Refusal> {
    let event: Value =
        serde_json::from_slice(body).map_err(|error| Refusal::Unreadable(error.to_string()))?;
    let text = |pointer| event.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let is_intent = text("/data/object/object").as_deref() == Some("payment_intent");
    let intent = text("/data/object/payment_intent").or_else(|| text("/data/object/payment_intent/id"));
    let about_dispute = text("/type").is_some_and(|kind| kind.starts_with("charge.dispute."));
    Ok(Notice {
        id: text("/id").ok_or_else(|| unreadable("id"))?,
        signed: true,
        payment_id: text("/data/object/metadata/payment_id"),
        reference: if is_intent { text("/data/object/id") } else { intent },
        dispute: about_dispute.then(|| dispute(&event, now)).transpose()?,
    })
}

fn dispute(event: &Value, now: i64) -> Result<Dispute, Refusal> {
    let text =
        |name| event.pointer("/data/object").and_then(|object| object.get(name)).and_then(Value::as_str);
    let number = |pointer| event.pointer(pointer).and_then(Value::as_i64);
    let amount = number("/data/object/amount").zip(text("currency"));
    let amount = amount.and_then(|(units, code)| currency::money(units, code));
    let status = text("status").unwrap_or("needs_response");
    Ok(Dispute {
        id: text("id").ok_or_else(|| unreadable("id of a dispute"))?.to_owned(),
        amount: amount.ok_or_else(|| unreadable("amount of a dispute"))?,
        reason: text("reason").unwrap_or("general").to_owned(),
        status: status.to_owned(),
        open: !DECIDED.contains(&status),
        opened_at: number("/data/object/created").unwrap_or(now),
        as_of: number("/created").unwrap_or(now),
    })
}

fn unreadable(missing: &str) -> Refusal {
    Refusal::Unreadable(format!("an event without {missing}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const BODY: &str = r#"{"id":"evt_1","data":{"object":{"metadata":{"payment_id":"p"}}}}"#;
    const NOW: i64 = 1_800_000_000;

    fn sign(secret: &str, time: i64, body: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("{time}.{body}").as_bytes());
        let hex = hex::encode(mac.finalize().into_bytes());
        format!("t={time},v1={hex}")
    }

    fn check(header: &str, body: &str) -> Result<Option<String>, String> {
        let headers = vec![("stripe-signature".to_owned(), header.to_owned())];
        let delivery = Delivery { headers, body: body.as_bytes().to_vec() };
        verify("whsec", &delivery, NOW).map(|n| n.payment_id).map_err(|refusal| format!("{refusal:?}"))
    }

    #[test]
    fn a_good_signature_is_believed_and_any_other_is_not() {
        assert_eq!(check(&sign("whsec", NOW, BODY), BODY), Ok(Some("p".to_owned())));
        let rotated = format!("{},v1=00ff", sign("whsec", NOW, BODY).replace("v1=", "v0=aa,v1="));
        assert_eq!(check(&rotated, BODY), Ok(Some("p".to_owned())));
        let good = sign("whsec", NOW, BODY);
        let forged =
            [sign("other", NOW, BODY), good.replace("t=", "t=1"), String::new(), "t=1,v1=".to_owned()];
        for header in forged {
            assert!(check(&header, BODY).unwrap_err().contains("Forged"), "{header}");
        }
        assert!(check(&good, &BODY.replace('1', "2")).unwrap_err().contains("Forged"));
    }

    #[test]
    fn what_an_event_is_about() {
        let read = |body: Value| notice(body.to_string().as_bytes(), NOW).unwrap();
        let object = |kind: &str, object: Value| {
            json!({ "id": "evt_1", "type": kind, "created": 7,
                "data": { "object": object } })
        };
        let intent =
            read(object("payment_intent.succeeded", json!({ "object": "payment_intent", "id": "pi_1" })));
        assert_eq!(intent.reference.as_deref(), Some("pi_1"));
        let refund = json!({ "object": "refund", "id": "re_1", "payment_intent": "pi_1", "metadata": {} });
        let refund = read(object("refund.updated", refund));
        assert_eq!((refund.reference.as_deref(), refund.payment_id), (Some("pi_1"), None));
        let whole =
            read(object("charge.refunded", json!({ "id": "ch_1", "payment_intent": { "id": "pi_1" } })));
        assert_eq!(whole.reference.as_deref(), Some("pi_1"));
        let dispute = json!({ "object": "dispute", "id": "dp_1", "payment_intent": "pi_1", "amount": 100,
            "currency": "mga", "reason": "fraudulent", "status": "lost", "created": 5 });
        let dispute = read(object("charge.dispute.closed", dispute)).dispute.unwrap();
        assert_eq!((dispute.id.as_str(), dispute.status.as_str(), dispute.open), ("dp_1", "lost", false));
        assert_eq!((dispute.amount.minor_units, dispute.opened_at, dispute.as_of), (10_000, 5, 7));
    }

    #[test]
    fn an_old_signature_may_be_a_replay() {
        assert!(check(&sign("whsec", NOW - 300, BODY), BODY).is_ok());
        for time in [NOW - 301, NOW + 301] {
            assert!(check(&sign("whsec", time, BODY), BODY).unwrap_err().contains("Stale"));
        }
    }

    #[test]
    fn without_a_secret_nothing_is_believed() {
        let delivery = Delivery { headers: Vec::new(), body: Vec::new() };
        assert!(matches!(verify("", &delivery, NOW), Err(Refusal::Unsupported)));
    }
}
