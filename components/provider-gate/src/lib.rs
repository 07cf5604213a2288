//! The component in front of a payment plug-in.
//!
//! | route | who | |
//! |---|---|---|
//! | `POST /internal/<component>/ready` | `payments` | 204 when it has what its provider needs |
//! | `POST /internal/<component>/{currencies,charge,capture,cancel,refund,status,verify}` | `payments` | the function of `wit/payments` with that name |
//!
//! A dependency reaches what its parent component may reach, so a plug-in inside of `payments` would reach all
//! services. Here it reaches `allowed_outbound_hosts` of this component, which are the provider's and nothing else;
//! database and variables it does not inherit. One component of the manifest per provider, all of this source.

use std::alloc::System;
use std::sync::OnceLock;

use axum::{Json, Router, routing::post};
use edge::{Code, Message, Path, Problem, ServiceCaller};
use http::StatusCode;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use spin_sdk::http::{IntoResponse, Request};
use zeroizing_alloc::ZeroAlloc;

mod settings;

mod bindings {
    wit_bindgen::generate!({
        path: "../../wit/payments",
        world: "client",
        additional_derives: [serde::Serialize, serde::Deserialize],
        generate_all,
    });
}

use bindings::jangteo::payments::provider;

/// Card data passes through here: all memory is overwritten when it is taken back.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

/// The only service whose calls are taken.
const CALLER: &str = "payments";

#[spin_sdk::http_service]
async fn handle(request: Request) -> impl IntoResponse {
    static ROUTER: OnceLock<Router> = OnceLock::new();
    let routes = || {
        edge::router(
            Router::new()
                .route("/internal/{component}/ready", post(ready))
                .route("/internal/{component}/{function}", post(call)),
        )
    };
    edge::serve(ROUTER.get_or_init(routes), &[settings::CHECKS], request).await
}

/// Its settings are fit, or `edge::serve` would have said what is wrong with them.
async fn ready(caller: ServiceCaller) -> Result<StatusCode, Problem> {
    caller_is_payments(&caller).map(|()| StatusCode::NO_CONTENT)
}

/// The arguments come as a JSON array, without the account; the result goes as JSON.
async fn call(
    caller: ServiceCaller,
    Path((_, function)): Path<(String, String)>,
    Message(arguments): Message<Value>,
) -> Result<Json<Value>, Problem> {
    caller_is_payments(&caller)?;
    let account = settings::account().await?;
    match function.as_str() {
        "currencies" => answer(provider::currencies()),
        "charge" => {
            let (attempt, card) = read(arguments)?;
            answer(provider::charge(account, attempt, card).await)
        }
        "capture" => answer(provider::capture(account, only(arguments)?).await),
        "cancel" => answer(provider::cancel(account, only(arguments)?).await),
        "refund" => answer(provider::refund(account, only(arguments)?).await),
        "status" => answer(provider::status(account, only(arguments)?).await),
        "verify" => answer(provider::verify(&account, &only(arguments)?)),
        _ => Err(Problem::not_found("function")),
    }
}

fn caller_is_payments(caller: &ServiceCaller) -> Result<(), Problem> {
    if caller.subject == CALLER {
        Ok(())
    } else {
        Err(Problem::new(Code::FORBIDDEN, "Only payments may call a provider"))
    }
}

/// An error of serde may quote card data, so its text is not passed on.
fn read<T: DeserializeOwned>(arguments: Value) -> Result<T, Problem> {
    serde_json::from_value(arguments)
        .map_err(|_| Problem::new(Code::MALFORMED, "Not the function's arguments"))
}

fn only<T: DeserializeOwned>(arguments: Value) -> Result<T, Problem> {
    read::<(T,)>(arguments).map(|(argument,)| argument)
}

fn answer(result: impl Serialize) -> Result<Json<Value>, Problem> {
    serde_json::to_value(result).map(Json).map_err(Problem::internal)
}
