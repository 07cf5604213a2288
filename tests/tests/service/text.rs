//! Text as it comes in: one form of it is stored and compared, and nothing that does not show.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Actor, TestApp, order_of, path_of};

/// What nobody sees: control, format, line breaks and what is no character.
const HIDDEN: [char; 12] = [
    '\0',
    '\u{7}',
    '\u{1b}',
    '\u{7f}',
    '\u{85}',
    '\u{200b}',
    '\u{202e}',
    '\u{2028}',
    '\u{2066}',
    '\u{feff}',
    '\u{e0041}',
    '\u{ffff}',
];

fn signup(email: &str, password: &str, name: &str) -> Value {
    json!({ "email": email, "password": password, "name": name })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_the_same_however_its_letters_are_composed() {
    let app = TestApp::start().await;
    let (composed, decomposed) =
        ("p\u{e4}ssw\u{f6}rter \u{d55c}", "pa\u{308}sswo\u{308}rter\u{3000}\u{1112}\u{1161}\u{11ab}");
    for (name, set, typed) in [("a", composed, decomposed), ("b", decomposed, composed)] {
        let email = app.email(name);
        app.stranger().post("/api/auth/signup", signup(&email, set, name)).await.assert_status(201);
        let login = json!({ "email": email, "password": typed });
        let tokens = app.stranger().post("/api/auth/login", login).await.assert_status(200).json();
        let user = app.stranger().with_token(tokens["accessToken"].as_str().unwrap());
        let change = json!({ "currentPassword": typed, "newPassword": "another good one" });
        user.post("/api/auth/password", change).await.assert_status(204);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_mailbox_makes_one_account_however_it_is_written() {
    let app = TestApp::start().await;
    let tag = app.email("x").replace('@', ".");
    let pairs = [
        (format!("j\u{fc}rgen.{tag}@example.com"), format!("JU\u{308}RGEN.{tag}@EXAMPLE.com")),
        (format!("a.{tag}@b\u{fc}cher.example"), format!("a.{tag}@xn--bcher-kva.example")),
        (format!("b.{tag}@\u{ff45}xample.com"), format!("b.{tag}@example.com")),
    ];
    for (first, second) in pairs {
        let new = |email: &str| signup(email, "a good password", "J");
        app.stranger().post("/api/auth/signup", new(&first)).await.assert_status(201);
        app.stranger().post("/api/auth/signup", new(&second)).await.assert_problem(409, "email_taken");
        let login = json!({ "email": second, "password": "a good password" });
        app.stranger().post("/api/auth/login", login).await.assert_status(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_found_by_either_form_of_the_name() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let email = app.email("zoe");
    let name = format!(
        "Zoe\u{308} {}",
        app.email("z").chars().filter(char::is_ascii_alphanumeric).collect::<String>()
    );
    let made = app.stranger().post("/api/auth/signup", signup(&email, "a good password", &name)).await;
    let made = made.assert_status(201).json();
    assert_eq!(made["name"], name.replace("e\u{308}", "\u{eb}"));
    for q in [name.as_str(), &name.replace("e\u{308}", "\u{eb}")] {
        let path = reqwest::Url::parse_with_params("http://x/api/users", [("q", q)]).unwrap();
        let path = format!("{}?{}", path.path(), path.query().unwrap());
        let found = admin.get(&path).await.assert_status(200).json();
        assert_eq!(found["items"][0]["id"], made["id"], "{q:?}");
    }
}

/// A way to send a text, by its name.
async fn sends(by: &Writers<'_>, what: &str, text: &str) -> tests::Response {
    let Writers { app, seller, buyer, admin, product, order, paid } = by;
    let address = |member: &str| {
        let mut address = json!({ "street": "1 Main St", "city": "Seoul", "zipCode": "12345" });
        address[member] = json!(text);
        address
    };
    match what {
        "signup.name" => {
            let body = signup(&app.email("n"), "a good password", text);
            app.stranger().post("/api/auth/signup", body).await
        }
        "profile.name" => {
            let path = format!("/api/users/{}", buyer.id);
            buyer.put(&path, json!({ "name": text, "addresses": [] })).await
        }
        "profile.street" => {
            let path = format!("/api/users/{}", buyer.id);
            buyer.put(&path, json!({ "name": "A", "addresses": [address("street")] })).await
        }
        "product.name" | "product.description" | "product.category" => {
            let mut body =
                json!({ "name": "Tea", "category": "tea", "price": 1, "stock": 1, "description": "" });
            body[what.trim_start_matches("product.")] = json!(text);
            seller.post("/api/products", body).await
        }
        "stock.reason" => {
            let body = json!({ "delta": 1, "reason": text });
            seller.post(&format!("/api/products/{product}/stock"), body).await
        }
        "order.street" | "order.city" => {
            let mut body = order_of(&[product]);
            body["shippingAddress"] = address(what.trim_start_matches("order."));
            buyer
                .send(Method::PUT, order, &[], Some(json!({ "shippingAddress": body["shippingAddress"] })))
                .await
        }
        "refund.reason" => {
            let path = format!("/api/payments/{paid}/refunds");
            admin.post(&path, json!({ "amount": 0.01, "reason": text })).await
        }
        other => panic!("no way to send {other}"),
    }
}

const WAYS: [&str; 10] = [
    "signup.name",
    "profile.name",
    "profile.street",
    "product.name",
    "product.description",
    "product.category",
    "stock.reason",
    "order.street",
    "order.city",
    "refund.reason",
];

struct Writers<'a> {
    app: &'a TestApp,
    seller: Actor<'a>,
    buyer: Actor<'a>,
    admin: Actor<'a>,
    product: String,
    /// The path of an order that is not paid.
    order: String,
    /// A payment that was captured.
    paid: String,
}

async fn writers(app: &TestApp) -> Writers<'_> {
    let (seller, buyer, admin) = (app.seller("kim").await, app.buyer("alice").await, app.admin().await);
    let product = seller.sells("1000.00", 100).await;
    let order = path_of(&buyer.orders(&product, 1).await.assert_status(201).json());
    let bought = buyer.buys(&[&product]).await;
    let payments = buyer.get("/api/payments").await.assert_status(200).json();
    assert_eq!(payments["items"][0]["orderId"], bought["id"]);
    let paid = payments["items"][0]["id"].as_str().unwrap().to_owned();
    Writers { app, seller, buyer, admin, product, order, paid }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_show_is_refused_in_every_text() {
    let app = TestApp::start().await;
    let by = writers(&app).await;
    for what in WAYS {
        for hidden in HIDDEN {
            let answer = sends(&by, what, &format!("te{hidden}a")).await;
            assert_eq!(answer.status, 422, "{what} with {hidden:?}");
            answer.assert_problem(422, "validation_failed");
        }
        // An emoji made of several, and a letter that Persian needs, are no tricks.
        let answer =
            sends(&by, what, "\u{1f469}\u{1f3fd}\u{200d}\u{1f4bb} \u{645}\u{6cc}\u{200c}\u{62e}").await;
        assert!((200..300).contains(&answer.status), "{what}: {}", answer.status);
    }
    for email in ["a\u{200b}b@example.com", "ab@exa\u{ad}mple.com\u{202e}", "a\0b@example.com"] {
        let body = signup(email, "a good password", "A");
        app.stranger().post("/api/auth/signup", body).await.assert_problem(422, "validation_failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_text_is_stored_composed_or_refused() {
    let app = TestApp::start().await;
    let by = writers(&app).await;
    let mut runner = TestRunner::deterministic();
    let any = prop_oneof![any::<String>(), "\\PC{1,40}", "[a-zA-Z\u{300}-\u{36f}]{1,20}"];
    for _ in 0..40 {
        let text: String = any.new_tree(&mut runner).unwrap().current();
        for what in ["product.name", "profile.name"] {
            let answer = sends(&by, what, &text).await;
            if answer.status == 422 {
                answer.assert_problem(422, "validation_failed");
                continue;
            }
            assert!((200..300).contains(&answer.status), "{what} {text:?}: {}", answer.status);
            let stored = answer.text("name");
            assert_eq!(stored, composed_form(&text), "{what} {text:?}");
        }
    }
}

/// By another crate than the one under test.
fn composed_form(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let is_around =
        |c: char| c == ' ' || matches!(c, '\t' | '\n' | '\r') || (!c.is_control() && c.is_whitespace());
    text.trim_matches(is_around).nfc().collect()
}
