//! Fills the database of a deployment for load tests: `seed-load PRODUCTS ORDERS DATABASE`.
//!
//! It appends the events that the services would have appended; their triggers fold them, so every table is as if
//! all of it had happened. Only the relay is not asked: its cursors are moved past, and the audit log has none of it.
#![expect(clippy::print_stdout, reason = "a program for the command line")]

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use rusqlite::{CachedStatement, Connection, params};
use serde_json::{Value, json};
use uuid::{NoContext, Uuid};

/// Events per transaction: one takes a fraction of a second, so that a running app can go on writing in between.
const BATCH: u64 = 5_000;
/// How many sellers the products are spread over, and how many buyers the orders.
const SELLERS: u64 = 100;
const BUYERS: u64 = 10_000;
/// Units of each product: more than all orders together can want.
const STOCK: u64 = 10_000_000;
/// The first of so many is cancelled, the others are paid.
const CANCELLED: u64 = 10;

const COLOURS: [&str; 20] = [
    "amber", "azure", "black", "blue", "brown", "coral", "cream", "golden", "green", "grey", "ivory", "jade",
    "lilac", "olive", "pink", "plum", "red", "silver", "white", "yellow",
];
const THINGS: [&str; 25] = [
    "basket", "blanket", "bowl", "candle", "chair", "clock", "cup", "desk", "fan", "jar", "kettle", "knife",
    "lamp", "mat", "mirror", "pan", "pillow", "plate", "pot", "rug", "shelf", "spoon", "table", "tea",
    "vase",
];

fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [products, orders, database] = arguments.as_slice() else {
        bail!("usage: seed-load PRODUCTS ORDERS DATABASE");
    };
    let mut seeder = Seeder::open(Path::new(database))?;
    let start = Instant::now();
    let made = seeder.products(products.parse().context("PRODUCTS")?)?;
    seeder.orders(&made, orders.parse().context("ORDERS")?)?;
    seeder.skip_relay()?;
    println!("{products} products and {orders} orders in {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// A product, as orders know it.
struct Product {
    id: String,
    name: String,
    seller: String,
    price: u64,
}

struct Seeder {
    db: Connection,
    /// Ids and times go on from here, a millisecond an aggregate, up to the present.
    clock: Duration,
    written: u64,
}

impl Seeder {
    fn open(database: &Path) -> Result<Self> {
        if !database.exists() {
            bail!("{} is not there: start the app once, it makes the tables", database.display());
        }
        let db = Connection::open(database)?;
        db.busy_timeout(Duration::from_secs(10))?;
        db.execute_batch(
            "PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 20000",
        )?;
        let month = Duration::from_secs(30 * 24 * 3600);
        let clock = SystemTime::now().duration_since(UNIX_EPOCH)?.saturating_sub(month);
        Ok(Self { db, clock, written: 0 })
    }

    fn products(&mut self, count: u64) -> Result<Vec<Product>> {
        let mut made = Vec::new();
        self.begin()?;
        for number in 0..count {
            let id = self.next_id();
            let (colour, thing) = (COLOURS[(number % 20) as usize], THINGS[(number / 20 % 25) as usize]);
            let product = Product {
                name: format!("{colour} {thing} {number}"),
                seller: format!("seller-{}", number % SELLERS),
                price: 100 + number * 37 % 100_000,
                id,
            };
            let data = json!({
                "sellerId": product.seller, "name": product.name, "category": thing, "price": product.price,
                "description": format!("A {thing} in {colour}, number {number} of its kind"), "currency": "USD",
                "stock": STOCK,
            });
            let actor = product.seller.clone();
            let stream = product.id.as_str();
            let event =
                Event { stream, version: 1, kind: "product.created", actor: &actor, data, private: None };
            self.append("products", event)?;
            made.push(product);
        }
        self.db.execute_batch("COMMIT")?;
        Ok(made)
    }

    fn orders(&mut self, products: &[Product], count: u64) -> Result<()> {
        if count > 0 && products.is_empty() {
            bail!("orders need products");
        }
        self.begin()?;
        for number in 0..count {
            let product = &products[(number * 7919 % products.len() as u64) as usize];
            self.order(number, product)?;
        }
        Ok(self.db.execute_batch("COMMIT")?)
    }

    /// An order of one line: held, placed, and paid or cancelled.
    fn order(&mut self, number: u64, product: &Product) -> Result<()> {
        let id = self.next_id();
        let (buyer, quantity) = (format!("buyer-{}", number % BUYERS), 1 + number % 3);
        let expires_at = time(self.clock + Duration::from_secs(900));
        let lines = json!([{ "productId": product.id, "name": product.name, "sellerId": product.seller,
            "quantity": quantity, "price": product.price }]);
        let total = quantity * product.price;
        let address = json!({ "street": "123 Main St", "city": "Seoul", "zipCode": "12345" });
        let held = json!({ "orderId": id, "expiresAt": expires_at, "lines": lines });
        let placed = json!({ "buyerId": buyer, "currency": "USD", "total": total, "lines": lines, "expiresAt": expires_at });
        let private = Some(json!({ "shippingAddress": address }));
        let event =
            |version, kind, actor, data, private| Event { stream: &id, version, kind, actor, data, private };
        self.append("products", event(1, "stock.reserved", "service:orders", held, None))?;
        self.append("orders", event(1, "order.placed", &buyer, placed, private))?;
        let settled = json!({ "orderId": id });
        if number.is_multiple_of(CANCELLED) {
            self.append("orders", event(2, "order.cancelled", &buyer, json!({ "buyerId": buyer }), None))?;
            self.append("products", event(2, "stock.released", "service:orders", settled, None))
        } else {
            let paid = json!({ "paymentId": format!("payment-{number}"), "amount": total, "currency": "USD", "buyerId": buyer });
            self.append("orders", event(2, "order.paid", "service:payments", paid, None))?;
            self.append("products", event(2, "stock.confirmed", "service:orders", settled, None))
        }
    }

    fn append(&mut self, service: &str, event: Event<'_>) -> Result<()> {
        self.written += 1;
        if self.written.is_multiple_of(BATCH) {
            self.db.execute_batch("COMMIT")?;
            self.begin()?;
        }
        let id = Uuid::now_v7().to_string();
        let at = time(self.clock);
        let mut insert: CachedStatement<'_> = self.db.prepare_cached(&format!(
            "INSERT INTO {service}_events (id, stream, version, type, data, private, actor, time) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
        ))?;
        let private = event.private.map(|private| private.to_string());
        insert.execute(params![
            id,
            event.stream,
            event.version,
            event.kind,
            event.data.to_string(),
            private,
            event.actor,
            at
        ])?;
        Ok(())
    }

    fn begin(&self) -> Result<()> {
        Ok(self.db.execute_batch("BEGIN IMMEDIATE")?)
    }

    /// An aggregate's id; a little later than the last one.
    fn next_id(&mut self) -> String {
        self.clock += Duration::from_millis(1);
        let moment = uuid::Timestamp::from_unix(NoContext, self.clock.as_secs(), self.clock.subsec_nanos());
        Uuid::new_v7(moment).to_string()
    }

    /// All targets as if they had been told.
    fn skip_relay(&self) -> Result<()> {
        let targets =
            [("products", "audit"), ("orders", "products"), ("orders", "payments"), ("orders", "audit")];
        for (service, target) in targets {
            let sql = format!(
                "INSERT INTO {service}_cursors (target, seq) SELECT ?1, coalesce(max(seq), 0) FROM {service}_events WHERE true \
                 ON CONFLICT (target) DO UPDATE SET seq = excluded.seq"
            );
            self.db.execute(&sql, [target])?;
        }
        Ok(())
    }
}

struct Event<'a> {
    stream: &'a str,
    version: i64,
    kind: &'a str,
    actor: &'a str,
    data: Value,
    private: Option<Value>,
}

/// As the services write it.
fn time(since_epoch: Duration) -> String {
    store::Timestamp(since_epoch.as_millis() as i64).to_string()
}
