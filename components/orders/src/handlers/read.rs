//! Reading orders: one, or a list.

use axum::Json;
use axum::response::{IntoResponse, Response};
use contract::permissions::{OrdersAny, OrdersFulfil, OrdersRead};
use contract::{OrderId, UserId};
use edge::{Context, Page, PageOf, Path, Permitted, Preconditions, Query, User, etag};
use http::{StatusCode, header};
use store::Timestamp;

use super::{answer, current, relation, show};
use crate::api::Filters;
use crate::domain::{Filter, Order};
use crate::error::Error;
use crate::store as orders;

/// `GET /api/orders/{id}`: 200, or 304 when the client's copy is current.
pub async fn get(
    context: Context,
    user: Permitted<OrdersRead>,
    Path(id): Path<OrderId>,
    preconditions: Preconditions,
) -> Result<Response, Error> {
    let order = current(&context, id).await?;
    let relation = relation(&user, &order)?;
    if preconditions.unchanged(order.version) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag(order.version))]).into_response());
    }
    Ok(answer(&order, relation, user.id))
}

/// `GET /api/orders`: newest first; the caller's own, with those a seller has lines in, or all with `orders:any`.
pub async fn list(
    context: Context,
    user: Permitted<OrdersRead>,
    Query(query): Query<Filters>,
    page: Page,
) -> Result<Response, Error> {
    let filter = filter(&query)?;
    let (any, fulfil) = (user.may(OrdersAny), user.may(OrdersFulfil));
    let page = page.of::<OrderId>("orders", (&filter, any, fulfil, (!any).then_some(user.id)))?;
    let found = if any {
        orders::list_all(&filter, page.after, page.rows()).await?
    } else if fulfil {
        orders::list_bought_or_sold(user.id, &filter, page.after, page.rows()).await?
    } else {
        orders::list_bought(user.id, &filter, page.after, page.rows()).await?
    };
    answer_page(&context, &user, &filter, &page, found).await
}

/// `GET /api/orders/user/{userId}`: the orders that the user placed, newest first; a seller gets those with lines of
/// theirs, others who are not allowed to see all learn nothing of the user.
pub async fn list_of(
    context: Context,
    user: Permitted<OrdersRead>,
    Path(buyer): Path<UserId>,
    Query(query): Query<Filters>,
    page: Page,
) -> Result<Response, Error> {
    let filter = filter(&query)?;
    let whole = user.relation(buyer, OrdersAny).is_some();
    let page = page.of::<OrderId>("orders.user", (&filter, buyer, (!whole).then_some(user.id)))?;
    let found = if whole {
        orders::list_bought(buyer, &filter, page.after, page.rows()).await?
    } else if user.may(OrdersFulfil) {
        orders::list_bought_from(buyer, user.id, &filter, page.after, page.rows()).await?
    } else {
        return Err(Error::NotFound);
    };
    answer_page(&context, &user, &filter, &page, found).await
}

fn filter(query: &Filters) -> Result<Filter, Error> {
    let Filters { status, from, to } = query;
    Filter::parse(status.as_deref(), from.as_deref(), to.as_deref()).map_err(Error::Invalid)
}

async fn answer_page(
    context: &Context,
    user: &User,
    filter: &Filter,
    page: &PageOf<OrderId>,
    mut found: Vec<Order>,
) -> Result<Response, Error> {
    let now = Timestamp::now();
    for order in found.iter_mut().filter(|order| order.is_due(now)) {
        // At most a page of them, and each only once in its life.
        *order = current(context, order.id).await?;
    }
    let list = page.list(found, |order| order.id);
    // What has just expired is no longer in the state that was asked for.
    let still = list.items.iter().filter(|order| filter.status.is_none_or(|status| order.status == status));
    let items = still.map(|order| Ok(show(order, relation(user, order)?, user.id)));
    let items = items.collect::<Result<Vec<_>, Error>>()?;
    Ok(Json(edge::List { items, next_cursor: list.next_cursor }).into_response())
}
