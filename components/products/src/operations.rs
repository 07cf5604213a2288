//! The public operations: routes, handlers, and what the API's description says of them.

use edge::{Api, Code, List};

use crate::api;
use crate::handlers::{products, stock};
use crate::store::DB;

/// All of them.
pub fn operations() -> Api {
    Api::new("products")
        .limited(&DB)
        .at(&["/api/products", "/products"])
        .get("", products::list, |o| {
            o.named("listProducts", "What is on sale")
                .about(
                    "Newest first, if `sort` does not say otherwise. A price filter, and an order by price, \
                     is about one `currency` (USD, if it is not given).",
                )
                .ok::<List<api::Product>>("A page of products.")
        })
        .post("", products::create, |o| {
            o.named("createProduct", "Put a product on sale").created::<api::Product>("The product.").tagged()
        })
        .get("/category/{category}", products::list_category, |o| {
            o.named("listProductsOfCategory", "What is on sale in a category")
                .path::<api::Category>()
                .ok::<List<api::Product>>("A page of products.")
        })
        .get("/{id}", products::get, |o| {
            o.named("getProduct", "Read a product").ok::<api::Product>("The product.")
        })
        .put("/{id}", products::replace, |o| {
            o.named("changeProduct", "Change a product")
                .about(
                    "The whole product but its currency and its stock; what is left out becomes empty. \
                     One's own, or any with `products:any`. `active: true` puts a withdrawn product on sale \
                     again.",
                )
                .ok::<api::Product>("The product.")
        })
        .delete("/{id}", products::withdraw, |o| {
            o.named("withdrawProduct", "Take a product off sale")
                .about(
                    "It is no longer listed nor sold; read by its id it is not `active`, and orders keep \
                     it. One's own, or any with `products:any`.",
                )
                .done(204, "Done.")
        })
        .get("/{id}/stock", stock::movements, |o| {
            o.named("listStockChanges", "What changed the stock by hand, and why, newest first")
                .about("Of one's own products, or any with `products:any`. What was sold is in the orders.")
                .ok::<List<api::Movement>>("A page of changes.")
        })
        .post("/{id}/stock", stock::adjust, |o| {
            o.named("adjustStock", "Change the stock")
                .about(
                    "Of one's own products, or any with `products:any`. Never below what is promised to \
                     orders.",
                )
                .ok::<api::Product>("The product.")
                .fails(&[Code::OUT_OF_STOCK, Code::CONFLICT, Code::IDEMPOTENCY_IN_PROGRESS])
        })
}
