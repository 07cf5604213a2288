//! The catalogue: create, get, change, withdraw, list.

use axum::Json;
use axum::response::{IntoResponse, Response};
use contract::permissions::{ProductsAny, ProductsWrite};
use contract::{ProductId, UserId};
use edge::{
    Answer, Context, JsonBody, Keyed, List, Once, Page, Path, Permitted, Preconditions, Query, User, etag,
};
use http::{StatusCode, header};
use store::Timestamp;

use crate::domain::{Draft, Listing, Product, Revised};
use crate::error::Error;
use crate::store::DB;
use crate::{api, domain, record, store as products};

/// `POST /api/products`: 201 with the product and its `Location`.
pub async fn create(
    context: Context,
    user: Permitted<ProductsWrite>,
    request: Keyed<api::NewProduct>,
) -> Result<Response, Error> {
    let body = &request.body;
    let draft = Draft::parse(body.said(), body.currency, body.stock).map_err(Error::Invalid)?;
    let once = Once::new(&DB, user.actor(), "products.create", request.key);
    let product = new_product(draft, user.id);
    let answer = Answer::json(StatusCode::CREATED, &show(&product))?;
    let answer = answer.at(format!("/api/products/{}", product.id)).tagged(product.revision);
    match record::created(&context, &product, &once, &answer).await {
        Ok(()) => Ok(answer.into_response()),
        Err(Error::Internal(error)) => once.replayed(error).await,
        Err(error) => Err(error),
    }
}

/// `GET /api/products/{id}`: 200, or 304 when the client's copy is current.
pub async fn get(Path(id): Path<ProductId>, preconditions: Preconditions) -> Result<Response, Error> {
    let product = products::find(id).await?.ok_or(Error::NotFound)?;
    let tag = [(header::ETAG, etag(product.revision))];
    if preconditions.unchanged(product.revision) {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    Ok((tag, Json(show(&product))).into_response())
}

/// `PUT /api/products/{id}`: 200 with the product as it is now.
pub async fn replace(
    context: Context,
    user: Permitted<ProductsWrite>,
    Path(id): Path<ProductId>,
    preconditions: Preconditions,
    JsonBody(change): JsonBody<api::ProductChange>,
) -> Result<Response, Error> {
    let product = own(&user, id).await?;
    let if_revision = preconditions.insist(product.revision)?;
    let revised = Revised::parse(change.said(), change.active, product.currency, change.currency);
    let revised = revised.map_err(Error::Invalid)?;
    current(record::changed(&context, id, revised, if_revision, user.actor()).await)?;
    answer(id).await
}

/// `DELETE /api/products/{id}`: 204. Orders that have it keep it; it is shown as not active, and not sold again.
pub async fn withdraw(
    context: Context,
    user: Permitted<ProductsWrite>,
    Path(id): Path<ProductId>,
    preconditions: Preconditions,
) -> Result<StatusCode, Error> {
    let product = own(&user, id).await?;
    let if_revision = preconditions.insist(product.revision)?;
    if product.active || product.paused {
        current(record::withdrawn(&context, id, if_revision, user.actor()).await)?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/products`: what is on sale.
pub async fn list(Query(query): Query<domain::Query>, page: Page) -> Result<Response, Error> {
    let listing = Listing::parse(query).map_err(Error::Invalid)?;
    let page = page.of("products", &listing)?;
    let found = products::list(&listing, page.after.as_ref(), page.rows()).await?;
    let list = page.list_of_some(found.products, |product| listing.place(product), found.looked);
    let items = list.items.iter().map(show).collect();
    Ok(Json(List { items, next_cursor: list.next_cursor }).into_response())
}

/// `GET /api/products/category/{category}`: as [`list`], of this category.
pub async fn list_category(
    Path(category): Path<String>,
    Query(query): Query<domain::Query>,
    page: Page,
) -> Result<Response, Error> {
    list(Query(domain::Query { category: Some(category), ..query }), page).await
}

/// The product with this id, if it is `user`'s to change.
pub async fn own(user: &User, id: ProductId) -> Result<Product, Error> {
    let product = products::find(id).await?.ok_or(Error::NotFound)?;
    match user.relation(product.seller_id, ProductsAny) {
        Some(_) => Ok(product),
        None => Err(Error::NotFound),
    }
}

/// 412 when the product was not at the revision that the change was meant for.
fn current(done: Result<(), Error>) -> Result<(), Error> {
    match done {
        Err(Error::Internal(error)) if products::is_stale(&error) => Err(Preconditions::failed().into()),
        done => done,
    }
}

/// 200 with the product as it is now.
async fn answer(id: ProductId) -> Result<Response, Error> {
    let product = products::find(id).await?.ok_or(Error::NotFound)?;
    Ok(([(header::ETAG, etag(product.revision))], Json(show(&product))).into_response())
}

fn new_product(draft: Draft, seller_id: UserId) -> Product {
    let now = Timestamp::now();
    Product {
        id: ProductId::generate(),
        seller_id,
        name: draft.details.name,
        description: draft.details.description,
        category: draft.details.category,
        price: draft.details.price,
        currency: draft.currency,
        on_hand: draft.stock,
        reserved: 0,
        active: true,
        paused: false,
        revision: 1,
        created_at: now,
        updated_at: now,
        number: 0,
    }
}

/// A product as clients see it.
pub fn show(product: &Product) -> api::Product {
    api::Product {
        id: product.id,
        seller_id: product.seller_id,
        name: product.name.clone(),
        description: product.description.clone(),
        category: product.category.clone(),
        price: product.currency.decimal(product.price),
        currency: product.currency,
        on_hand: product.on_hand,
        available: product.available(),
        active: product.active,
        created_at: product.created_at,
        updated_at: product.updated_at,
    }
}
