//! The public operations: routes, handlers, and what the API's description says of them.

use edge::{Api, Code, List};

use crate::api;
use crate::handlers::{cancel, change, fulfil, history, place, read};
use crate::store::DB;

/// What refuses an order that asks for goods.
const GOODS: [Code; 3] = [Code::OUT_OF_STOCK, Code::PRICE_CHANGED, Code::UNAVAILABLE];

/// All of them.
pub fn operations() -> Api {
    Api::new("orders")
        .limited(&DB)
        .at(&["/api/orders", "/orders"])
        .post("", place::place, |o| {
            o.named("placeOrder", "Place an order")
                .about("Prices are the catalogue's; a `price` that is given must be the same.")
                .created::<api::Order>("The order; its stock is held for 15 minutes.")
                .tagged()
                .fails(&GOODS)
                .fails(&[Code::IDEMPOTENCY_IN_PROGRESS, Code::TOO_MANY_ATTEMPTS])
        })
        .get("", read::list, |o| {
            o.named("listOrders", "List orders, newest first")
                .about("One's own; for a seller also those with their lines; all with `orders:any`.")
                .ok::<List<api::Order>>("A page of orders.")
        })
        .get("/user/{userId}", read::list_of, |o| {
            o.named("listOrdersOfUser", "List the orders that a user placed, newest first")
                .about(
                    "One's own; a seller gets those with their lines; with `orders:any` anyone's. To others \
                     there is no such list.",
                )
                .ok::<List<api::Order>>("A page of orders.")
        })
        .get("/{id}", read::get, |o| {
            o.named("getOrder", "Read an order")
                .about("A seller sees their own lines.")
                .ok::<api::Order>("The order.")
        })
        .put("/{id}", change::change, |o| {
            o.named("changeOrder", "Change where an order goes, or what it has")
                .about(
                    "By its buyer, or with `orders:any`. The address until all of it is shipped, the items \
                     until it is paid; the stock is held anew, all of it or the order stays as it is.",
                )
                .ok::<api::Order>("The order as it is now.")
                .fails(&GOODS)
                .fails(&[Code::INVALID_TRANSITION])
        })
        .delete("/{id}", cancel::cancel, |o| {
            o.named("cancelOrder", "Cancel an order")
                .about(
                    "By its buyer, or with `orders:any`, until a part of it is shipped. What was paid is \
                     given back: then it becomes REFUNDED.",
                )
                .ok::<api::Order>("The cancelled order; its stock is free.")
                .fails(&[Code::INVALID_TRANSITION])
        })
        .post("/{id}/ship", fulfil::ship, |o| {
            o.named("shipOrder", "Ship one's part of an order")
                .about(
                    "By each of its sellers, or by an ADMIN for all who have not. The order is SHIPPED when \
                     all of it is.",
                )
                .ok::<api::Order>("The order as it is now.")
                .tagged_if_any()
                .fails(&[Code::INVALID_TRANSITION])
        })
        .post("/{id}/deliver", fulfil::deliver, |o| {
            o.named("deliverOrder", "Say that one's part of an order has arrived")
                .about(
                    "By each of its sellers, or by an ADMIN for all that is on its way. The order is \
                     DELIVERED when all of it has arrived.",
                )
                .ok::<api::Order>("The order as it is now.")
                .tagged_if_any()
                .fails(&[Code::INVALID_TRANSITION])
        })
        .get("/{id}/events", history::history, |o| {
            o.named("listOrderEvents", "What happened to an order, oldest first")
                .about(
                    "With `Accept: text/event-stream` as it happens: `id` is the `sequence`, `event` the \
                     `type`, `data` the entry. A stream ends after 25 seconds; the client comes back with \
                     `Last-Event-ID`.",
                )
                .ok::<List<api::HistoryEntry>>("A page of its history.")
                .answers_as::<String>(200, "text/event-stream", "")
        })
}
