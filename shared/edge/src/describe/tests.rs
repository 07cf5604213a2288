//! What an operation's description says of a handler's signature.

use contract::OrderId;
use contract::permissions::{OrdersAny, OrdersCreate};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Api, Code, JsonBody, Keyed, List, OptionalBody, Page, Path, Permitted, Preconditions, Query, User,
};

#[derive(Deserialize, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Thing {
    thing_id: OrderId,
    /// How many.
    #[schemars(range(min = 1, max = 9))]
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<i64>,
    #[schemars(extend("x-nullable" = true))]
    #[serde(skip_serializing_if = "Option::is_none")]
    gone: Option<Option<String>>,
}

#[derive(Deserialize, schemars::JsonSchema)]
struct Filter {
    /// Words.
    #[expect(dead_code, reason = "read by its schema")]
    q: Option<String>,
}

async fn create(_: Permitted<OrdersCreate>, _: Keyed<Thing>) {}
async fn list(_: Query<Filter>, _: Page) {}
async fn change(_: User, _: Path<OrderId>, _: Preconditions, _: JsonBody<Thing>) {}
async fn get(_: Path<OrderId>, _: Preconditions) {}
async fn done(_: User, _: Path<OrderId>, _: OptionalBody<crate::Nothing>) {}

fn described() -> (Value, Value) {
    let api = Api::new("things")
        .at(&["/api/things", "/things"])
        .post("", create, |o| o.named("createThing", "Make a thing").created::<Thing>("The thing."))
        .get("", list, |o| o.named("listThings", "List things").ok::<List<Thing>>("A page."))
        .put("/{id}", change, |o| {
            o.named("changeThing", "Change a thing")
                .ok::<Thing>("The thing.")
                .needs(OrdersAny)
                .fails(&[Code::CONFLICT])
        })
        .get("/{id}", get, |o| o.named("getThing", "Read a thing").ok::<Thing>("The thing."))
        .post("/{id}/done", done, |o| o.named("doThing", "Do it").done(204, "Done."));
    let description = api.into_description();
    let (schemas, twofold) = description.schemas.named();
    assert_eq!(twofold, [""; 0]);
    (Value::Object(description.paths), Value::Object(schemas))
}

fn statuses(operation: &Value) -> Vec<&str> {
    operation["responses"].as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn permission_body_and_key_are_those_of_the_signature() {
    let (paths, _) = described();
    let operation = &paths["/api/things"]["post"];
    assert_eq!(operation["security"], json!([{ "bearer": ["orders:create"] }]));
    assert_eq!(operation["description"], "Needs `orders:create`.");
    assert_eq!(operation["parameters"], json!([{ "$ref": "#/components/parameters/IdempotencyKey" }]));
    let body = &operation["requestBody"];
    assert_eq!(body["content"]["application/json"]["schema"]["$ref"], "#/components/schemas/Thing");
    assert_eq!(statuses(operation), ["201", "400", "401", "403", "413", "415", "422", "default"]);
    let headers: Vec<_> = operation["responses"]["201"]["headers"].as_object().unwrap().keys().collect();
    assert_eq!(headers, ["Idempotent-Replayed", "Location"]);
    assert_eq!(paths["/api/things"]["x-aliases"], json!(["/things"]));
}

#[test]
fn query_parameters_are_the_members_of_their_type() {
    let (paths, _) = described();
    let operation = &paths["/api/things"]["get"];
    let q = json!({ "name": "q", "in": "query", "description": "Words.", "schema": { "type": "string" } });
    assert_eq!(operation["parameters"][0], q);
    assert_eq!(operation["parameters"][1]["$ref"], "#/components/parameters/Limit");
    assert_eq!((&operation["security"], statuses(operation)), (&json!([]), vec!["200", "422", "default"]));
}

#[test]
fn preconditions_mean_a_tag_and_what_follows_by_the_method() {
    let (paths, _) = described();
    let item = &paths["/api/things/{id}"];
    assert_eq!(item["parameters"][0]["schema"]["$ref"], "#/components/schemas/Id");
    let (change, get) = (&item["put"], &item["get"]);
    assert_eq!(change["parameters"], json!([{ "$ref": "#/components/parameters/IfMatch" }]));
    assert_eq!(change["security"], json!([{ "bearer": ["orders:any"] }]));
    let expected = ["200", "400", "401", "403", "404", "409", "412", "413", "415", "422", "default"];
    assert_eq!(statuses(change), expected);
    assert_eq!(
        change["responses"]["409"]["description"],
        "`conflict`: The request conflicts with the resource's state."
    );
    assert_eq!(get["parameters"], json!([{ "$ref": "#/components/parameters/IfNoneMatch" }]));
    assert_eq!(statuses(get), ["200", "304", "404", "default"]);
    assert!(get["responses"]["200"]["headers"]["ETag"].is_object());
}

#[test]
fn a_body_with_nothing_to_say_is_none() {
    let (paths, _) = described();
    assert_eq!(paths["/api/things/{id}/done"]["post"].get("requestBody"), None);
}

#[test]
fn what_may_be_left_out_is_never_null_unless_it_says_so() {
    let (_, schemas) = described();
    let thing = &schemas["Thing"];
    assert_eq!(thing["required"], json!(["thingId"]));
    let count = json!({ "type": "integer", "description": "How many.", "minimum": 1, "maximum": 9 });
    assert_eq!(thing["properties"]["count"], count);
    assert_eq!(thing["properties"]["gone"]["type"], json!(["string", "null"]));
}
