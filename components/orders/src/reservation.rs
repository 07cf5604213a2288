//! The stock that products holds for an order until it is paid.

use clock::Timestamp;
use contract::OrderId;
use contract::products::{Reserve, Reserved, Wanted};
use edge::{Code, Context, FieldError, Problem, Reply};
use http::StatusCode;
use serde_json::{Map, Value};

use crate::CLIENT;
use crate::domain::Order;

/// The refusals of products that are the buyer's to hear.
const PASSED_ON: [Code; 3] = [Code::OUT_OF_STOCK, Code::PRICE_CHANGED, Code::VALIDATION];

/// Members that every problem has, made anew for this request's.
const OWN_MEMBERS: [&str; 8] =
    ["type", "title", "status", "detail", "instance", "code", "requestId", "errors"];

/// Hold `lines` for the order until `expires_at`: all of them, or none.
///
/// # Errors
/// products' refusal, or 503 when it is not known what became of the hold; then it is let go.
pub async fn reserve(
    context: &Context,
    order_id: OrderId,
    expires_at: Timestamp,
    lines: Vec<Wanted>,
) -> Result<Reserved, Problem> {
    let wanted = Reserve { order_id, expires_at, lines, keep: false, version: None };
    let answer = match CLIENT.post(context, "products", "reservations", &wanted).await {
        Ok(reply) if reply.status == StatusCode::CREATED => reply.json(),
        Ok(reply) => match refusal(&reply) {
            Some(problem) => return Err(problem),
            None => Err(away(&reply)),
        },
        Err(problem) => Err(problem),
    };
    if answer.is_err() {
        let context = context.clone();
        spin_sdk::wasip3::spawn(async move { release(&context, order_id).await });
    }
    answer
}

/// Hold `lines` for `order` besides what is held for it already; `None` when there is no hold any more.
///
/// # Errors
/// products' refusal, or 503 when it is not known what became of it; more may be held than before, never less.
pub async fn extend(
    context: &Context,
    order: &Order,
    lines: Vec<Wanted>,
) -> Result<Option<Reserved>, Problem> {
    let path = format!("reservations/{}", order.id);
    let (order_id, expires_at) = (order.id, order.expires_at);
    let wanted = Reserve { order_id, expires_at, lines, keep: true, version: None };
    let reply = CLIENT.put(context, "products", &path, &wanted).await?;
    match reply.status {
        StatusCode::OK => reply.json().map(Some),
        _ => match refusal(&reply) {
            Some(problem) => Err(problem),
            None if reply.status == StatusCode::CONFLICT => Ok(None),
            None => Err(away(&reply)),
        },
    }
}

/// Hold no more than the lines of `order`, unless the hold is no longer at `version`: then it is another request's. A
/// failure is only logged, since the rest is let go when the order is paid or ends.
pub async fn shrink(context: &Context, order: &Order, version: i64) {
    let lines: Vec<_> = order
        .lines
        .iter()
        .map(|line| Wanted { product_id: line.product_id, quantity: line.quantity, price: None })
        .collect();
    let (order_id, expires_at) = (order.id, order.expires_at);
    let path = format!("reservations/{order_id}");
    let wanted = Reserve { order_id, expires_at, lines, keep: false, version: Some(version) };
    if let Ok(reply) = CLIENT.put(context, "products", &path, &wanted).await
        && !reply.status.is_success()
        && reply.status != StatusCode::CONFLICT
    {
        logline::log!("shrinking the hold of {}: products answers {}", order.id, reply.status);
    }
}

/// Let go what is held for an order that did not come about. A failure is only logged: products frees an
/// overdue hold when someone is short of it.
pub async fn release(context: &Context, order_id: OrderId) {
    let path = format!("reservations/{order_id}/release");
    // The client logs why a service does not answer.
    if let Ok(reply) = CLIENT.post(context, "products", &path, &()).await
        && !reply.status.is_success()
    {
        logline::log!("release of {order_id}: products answers {}", reply.status);
    }
}

fn away(reply: &Reply) -> Problem {
    logline::log!("reservation: products answers {}", reply.status);
    Problem::new(Code::UNAVAILABLE, "Stock cannot be reserved now; try again")
}

/// The refusal in `reply` as this request's own problem; `None` when it is none that a buyer can act on.
fn refusal(reply: &Reply) -> Option<Problem> {
    let mut members: Map<String, Value> = serde_json::from_slice(&reply.body).ok()?;
    let name = members.get("code")?.as_str()?;
    let code = PASSED_ON.into_iter().find(|code| code.name == name && code.status == reply.status)?;
    let detail = members.get("detail").and_then(Value::as_str).unwrap_or(code.title);
    let mut problem = match code {
        Code::VALIDATION => Problem::validation(fields(members.get("errors"))),
        _ => Problem::new(code, detail),
    };
    members.retain(|name, _| !OWN_MEMBERS.contains(&name.as_str()));
    for (name, value) in members {
        problem = problem.with(&name, value);
    }
    Some(problem)
}

/// The fields that products finds not valid, by the names they have in an order.
fn fields(errors: Option<&Value>) -> Vec<FieldError> {
    let text =
        |error: &Value, member| error.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
    let errors = errors.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    errors
        .iter()
        .map(|error| {
            FieldError::new(text(error, "field").replacen("lines", "items", 1), text(error, "detail"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reply(status: u16, body: Value) -> Reply {
        let status = StatusCode::from_u16(status).unwrap();
        Reply { status, body: body.to_string().into(), ..Reply::default() }
    }

    #[test]
    fn a_buyer_hears_what_is_left() {
        let lines = json!([{ "productId": "p", "requested": 2, "available": 1 }]);
        let body =
            json!({ "code": "out_of_stock", "detail": "too much", "requestId": "theirs", "lines": lines });
        let problem = refusal(&reply(409, body)).unwrap();
        assert_eq!(problem.code(), Code::OUT_OF_STOCK);
        let seen = format!("{problem:?}");
        assert!(
            seen.contains("available") && seen.contains("too much") && !seen.contains("theirs"),
            "{seen}"
        );
    }

    #[test]
    fn fields_have_the_orders_names() {
        let errors = json!([{ "field": "lines[0].price", "detail": "is wrong" }]);
        let problem = refusal(&reply(422, json!({ "code": "validation_failed", "errors": errors }))).unwrap();
        assert!(format!("{problem:?}").contains("items[0].price"));
    }

    #[test]
    fn other_failures_are_not_the_buyers() {
        for (status, code) in [(500, "internal"), (401, "unauthenticated"), (200, "out_of_stock")] {
            assert!(refusal(&reply(status, json!({ "code": code }))).is_none());
        }
        assert!(refusal(&Reply { body: "x".into(), ..reply(502, json!({})) }).is_none());
    }
}
