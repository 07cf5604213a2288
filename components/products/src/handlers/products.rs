//! The catalogue: create, get, list.

use axum::Json;
use axum::response::{IntoResponse, Response};
use edge::{Context, Keyed, List, Page, Path, Preconditions, Problem, User, etag};
use http::{StatusCode, header};
use serde_json::json;
use store::{Event, Idempotency, Timestamp};
use uuid::Uuid;

use crate::domain::{Draft, Product};
use crate::error::Error;
use crate::store::DB;
use crate::{RELAY, api, store as products};

/// `POST /api/products`: 201 with the product and its `Location`.
pub async fn create(
    context: Context,
    user: User,
    request: Keyed<api::NewProduct>,
) -> Result<Response, Error> {
    user.require("products:write")?;
    let draft = Draft::parse(request.body).map_err(Error::Invalid)?;
    let product = new_product(draft, &user.subject);
    let body = serde_json::to_string(&show(&product)).map_err(Problem::internal)?;
    let mut event = created(&product);
    event.traceparent = context.traceparent;
    event.idempotency = request.key.as_ref().map(|key| Idempotency {
        key: key.scoped("products.create"),
        request_hash: key.request_hash.clone(),
        result: body.clone(),
    });
    match (DB.append(event).await, &request.key) {
        (Ok(_), _) => RELAY.kick(),
        (Err(store::Error::Replayed(replay)), Some(key)) => {
            return Ok(edge::replayed(key, &replay.request_hash, StatusCode::CREATED, replay.result)?);
        }
        (Err(error), _) => return Err(error.into()),
    }
    let headers = [
        (header::LOCATION, format!("/api/products/{}", product.id)),
        (header::CONTENT_TYPE, "application/json".to_owned()),
    ];
    Ok((StatusCode::CREATED, headers, [(header::ETAG, etag(product.revision))], body).into_response())
}

/// `GET /api/products/{id}`: 200, or 304 when the client's copy is current.
pub async fn get(Path(id): Path<String>, preconditions: Preconditions) -> Result<Response, Error> {
    let product = products::find(&id).await?.ok_or(Error::NotFound)?;
    let tag = [(header::ETAG, etag(product.revision))];
    if preconditions.unchanged(product.revision) {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    Ok((tag, Json(show(&product))).into_response())
}

/// `GET /api/products`: what is on sale, newest first.
pub async fn list(page: Page) -> Result<Json<List<api::Product>>, Error> {
    let found = products::list(page.after.as_deref(), page.rows()).await?;
    let items = found.iter().map(show).collect();
    Ok(Json(page.list(items, |product: &api::Product| product.id.clone())))
}

fn new_product(draft: Draft, seller: &str) -> Product {
    let now = Timestamp::now().to_string();
    Product {
        id: Uuid::now_v7().to_string(),
        seller_id: seller.to_owned(),
        name: draft.name,
        description: draft.description,
        category: draft.category,
        price: draft.price,
        currency: draft.currency,
        on_hand: draft.stock,
        reserved: 0,
        active: true,
        revision: 1,
        created_at: now.clone(),
        updated_at: now,
    }
}

fn created(product: &Product) -> Event {
    let data = json!({
        "sellerId": product.seller_id,
        "name": product.name,
        "description": product.description,
        "category": product.category,
        "price": product.price,
        "currency": product.currency,
        "stock": product.on_hand,
    });
    Event::new(&product.id, 1, "product.created", &product.seller_id, data)
}

/// A product as clients see it.
pub fn show(product: &Product) -> api::Product {
    api::Product {
        id: product.id.clone(),
        seller_id: product.seller_id.clone(),
        name: product.name.clone(),
        description: product.description.clone(),
        category: product.category.clone(),
        price: product.currency.decimal(product.price),
        currency: product.currency,
        on_hand: product.on_hand,
        available: product.available(),
        active: product.active,
        created_at: product.created_at.clone(),
        updated_at: product.updated_at.clone(),
    }
}
