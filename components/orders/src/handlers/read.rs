//! Reading orders: one, a list, and what happened to one.

use axum::Json;
use axum::response::{IntoResponse, Response};
use edge::{Context, FieldError, List, Page, Path, Preconditions, User, etag};
use http::{StatusCode, header};
use serde_json::{Value, json};
use store::Timestamp;

use super::{current, role, show};
use crate::api::{Placed, Recorded};
use crate::domain::{Line, Role, total};
use crate::error::Error;
use crate::store as orders;

/// `GET /api/orders/{id}`: 200, or 304 when the client's copy is current.
pub async fn get(
    context: Context,
    user: User,
    Path(id): Path<String>,
    preconditions: Preconditions,
) -> Result<Response, Error> {
    user.require("orders:read")?;
    let order = current(&context, &id).await?;
    let role = role(&user, &order)?;
    let tag = [(header::ETAG, etag(order.version))];
    if preconditions.unchanged(order.version) {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    Ok((tag, Json(show(&order, role, &user.subject))).into_response())
}

/// `GET /api/orders`: newest first; the caller's own, with those a seller has lines in, or all with `orders:any`.
pub async fn list(context: Context, user: User, page: Page) -> Result<Response, Error> {
    user.require("orders:read")?;
    let after = page.after.as_deref();
    let mut found = match (user.may("orders:any"), user.may("orders:fulfil")) {
        (true, _) => orders::list_all(after, page.rows()).await?,
        (false, true) => orders::list_bought_or_sold(&user.subject, after, page.rows()).await?,
        (false, false) => orders::list_bought(&user.subject, after, page.rows()).await?,
    };
    let now = Timestamp::now().to_string();
    for order in found.iter_mut().filter(|order| order.is_due(&now)) {
        // At most a page of them, and each only once in its life.
        *order = current(&context, &order.id).await?;
    }
    let items = found.iter().map(|order| Ok(show(order, role(&user, order)?, &user.subject)));
    let items = items.collect::<Result<Vec<_>, Error>>()?;
    Ok(Json(page.list(items, |order| order.id.to_owned())).into_response())
}

/// `GET /api/orders/{id}/events`: what happened to the order, oldest first.
pub async fn history(
    context: Context,
    user: User,
    Path(id): Path<String>,
    page: Page,
) -> Result<Json<List<Recorded>>, Error> {
    user.require("orders:read")?;
    let order = current(&context, &id).await?;
    let role = role(&user, &order)?;
    let after = page.after.as_deref().map_or(Ok(0), str::parse).map_err(|_| {
        Error::Invalid(vec![FieldError::new("cursor", "must be the nextCursor of an earlier page")])
    })?;
    let mut found = orders::history(&id, after, page.rows()).await?;
    for entry in &mut found {
        entry.data = public(&entry.kind, entry.data.take(), role, &user.subject);
    }
    Ok(Json(page.list(found, |entry| entry.sequence.to_string())))
}

/// Of an event's data, what `subject` may see in their `role`, with amounts as decimals.
fn public(kind: &str, data: Value, role: Role, subject: &str) -> Value {
    if kind == "order.placed" {
        return serde_json::from_value(data)
            .map_or(json!({}), |placed| public_placed(&placed, role, subject));
    }
    let members = ["paymentId", "reason"].into_iter();
    members.filter_map(|name| Some((name.to_owned(), data.get(name)?.clone()))).collect()
}

fn public_placed(placed: &Placed, role: Role, subject: &str) -> Value {
    let seen = |line: &&Line| role != Role::Seller || line.seller_id == subject;
    let lines = || placed.lines.iter().filter(seen);
    let money = |minor_units| placed.currency.decimal(minor_units);
    let items = lines().map(|line| {
        json!({
            "productId": line.product_id,
            "name": line.name,
            "sellerId": line.seller_id,
            "quantity": line.quantity,
            "price": money(line.price),
        })
    });
    json!({
        "buyerId": placed.buyer_id,
        "items": items.collect::<Vec<_>>(),
        "total": money(total(lines()).unwrap_or(i64::MAX)),
        "currency": placed.currency,
        "expiresAt": placed.expires_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed() -> Value {
        let line = |seller: &str, price: i64| json!({ "productId": "p", "name": "Tea", "sellerId": seller, "quantity": 2, "price": price });
        let lines = [line("s1", 2999), line("s2", 1)];
        json!({ "buyerId": "b", "currency": "USD", "total": 6000, "lines": lines, "expiresAt": "soon" })
    }

    #[test]
    fn history_shows_decimals() {
        let text = public("order.placed", placed(), Role::Buyer, "b").to_string();
        assert!(text.contains("\"total\":60.00") && text.contains("\"price\":29.99"), "{text}");
    }

    #[test]
    fn a_seller_does_not_see_the_lines_of_others() {
        let text = public("order.placed", placed(), Role::Seller, "s2").to_string();
        assert!(text.contains("\"total\":0.02") && !text.contains("s1"), "{text}");
    }

    #[test]
    fn only_named_members_are_public() {
        let data = json!({ "paymentId": "p1", "amount": 5998, "buyerId": "b" });
        assert_eq!(public("order.paid", data, Role::Seller, "s1"), json!({ "paymentId": "p1" }));
    }
}
