//! People who do things at random.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use fastrand::Rng;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{APPROVED_CARD, Actor, TestApp, address, path_of, pay};

const CLIENTS: u64 = 64;
/// Accounts that the clients share: passwords take long to hash.
const BUYERS: usize = 8;
const PRODUCTS: usize = 10;
/// Units of each product.
pub const UNITS: i64 = 20;
/// The orders that someone still has an eye on: few, so that several do something to the same one at once.
const WATCHED: usize = 40;

/// The crowd, and what it remembers from one life of the app to the next.
pub struct Crowd {
    seed: u64,
    tokens: Vec<String>,
    seller: String,
    products: Vec<String>,
    /// Buyer and order, the youngest last.
    orders: Mutex<Vec<(usize, Value)>>,
    /// What was answered how often.
    answers: Mutex<BTreeMap<String, usize>>,
}

/// Something to do, and the status of its answers: that it was done, or not.
const PLACE: (&str, u16) = ("place", 201);

impl Crowd {
    /// Make the accounts and put the products on sale.
    pub async fn gather(app: &TestApp, seed: u64) -> Self {
        let kim = app.seller("kim").await;
        let mut this = Self {
            seed,
            tokens: Vec::new(),
            seller: kim.token.clone().expect("a token"),
            products: Vec::new(),
            orders: Mutex::default(),
            answers: Mutex::default(),
        };
        for number in 0..BUYERS {
            let buyer = app.buyer(&format!("buyer{number}")).await;
            this.tokens.push(buyer.token.clone().expect("a token"));
        }
        for _ in 0..PRODUCTS {
            this.products.push(kim.sells("5.00", UNITS).await);
        }
        this
    }

    pub fn products(&self) -> &[String] {
        &self.products
    }

    /// Let everyone loose for `time`, or until the app is gone.
    pub async fn race(&mut self, app: &TestApp, time: Duration) {
        let end = Instant::now() + time;
        let crowd = &*self;
        let clients = (0..CLIENTS).map(|client| async move {
            let mut random = Rng::with_seed(crowd.seed.wrapping_add(client));
            while Instant::now() < end && crowd.step(app, &mut random).await.is_ok() {}
        });
        futures::future::join_all(clients).await;
        self.seed = self.seed.wrapping_add(CLIENTS);
    }

    async fn step(&self, app: &TestApp, random: &mut Rng) -> reqwest::Result<()> {
        let watched = {
            let orders = self.orders.lock().unwrap();
            (!orders.is_empty()).then(|| orders[random.usize(..orders.len())].clone())
        };
        match (random.u8(..100), watched) {
            (0..35, _) | (_, None) => self.place(app, random).await,
            (35..60, Some((buyer, order))) => {
                self.tell(app, buyer, "pay", Method::POST, "/api/payments", Some(pay(&order, APPROVED_CARD)))
                    .await
            }
            (60..80, Some((buyer, order))) => {
                self.tell(app, buyer, "cancel", Method::DELETE, &path_of(&order), None).await
            }
            (80..94, Some((buyer, order))) => {
                let body = json!({ "items": self.items(random) });
                self.tell(app, buyer, "change", Method::PUT, &path_of(&order), Some(body)).await
            }
            (94..96, Some((_, order))) => {
                let path = format!("{}/ship", path_of(&order));
                let kim = app.stranger().with_token(&self.seller);
                let answer = kim.try_send(Method::POST, &path, Some(json!({}))).await?;
                self.note("ship", answer.status, &answer.body);
                Ok(())
            }
            (_, Some((buyer, order))) => {
                self.tell(app, buyer, "read", Method::GET, &path_of(&order), None).await
            }
        }
    }

    async fn place(&self, app: &TestApp, random: &mut Rng) -> reqwest::Result<()> {
        let buyer = random.usize(..BUYERS);
        let body = json!({ "items": self.items(random), "shippingAddress": address() });
        let answer = self.buyer(app, buyer).try_post("/api/orders", body).await?;
        self.note(PLACE.0, answer.status, &answer.body);
        if answer.status == PLACE.1 {
            let mut orders = self.orders.lock().unwrap();
            orders.push((buyer, answer.json()));
            if orders.len() > WATCHED {
                orders.remove(0);
            }
        }
        Ok(())
    }

    async fn tell(
        &self,
        app: &TestApp,
        buyer: usize,
        what: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> reqwest::Result<()> {
        let answer = self.buyer(app, buyer).try_send(method, path, body).await?;
        self.note(what, answer.status, &answer.body);
        Ok(())
    }

    /// One to three different products, one to three units of each.
    fn items(&self, random: &mut Rng) -> Value {
        let mut products: Vec<_> = self.products.iter().collect();
        random.shuffle(&mut products);
        products.truncate(random.usize(1..=3));
        products.into_iter().map(|id| json!({ "productId": id, "quantity": random.i64(1..=3) })).collect()
    }

    fn buyer<'a>(&self, app: &'a TestApp, number: usize) -> Actor<'a> {
        app.stranger().with_token(&self.tokens[number])
    }

    /// A refusal is an answer, and so is being too busy; a failure is not.
    fn note(&self, what: &str, status: u16, body: &[u8]) {
        let known = [200, 201, 202, 409, 503].contains(&status);
        assert!(known, "{what}: {status} {}", String::from_utf8_lossy(body));
        *self.answers.lock().unwrap().entry(format!("{what} {status}")).or_default() += 1;
    }

    pub fn summary(&self) -> String {
        format!("{:?}", self.answers.lock().unwrap())
    }

    /// A race in which nothing was done, or nothing was refused, shows nothing.
    pub fn assert_lively(&self) {
        let answers = self.answers.lock().unwrap();
        for wanted in [
            "place 201",
            "place 409",
            "pay 201",
            "pay 409",
            "cancel 200",
            "cancel 409",
            "change 200",
            "change 409",
        ] {
            assert!(answers.contains_key(wanted), "never: {wanted} in {answers:?}");
        }
    }
}
