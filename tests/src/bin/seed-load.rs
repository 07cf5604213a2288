//! Fills the database of a deployment for load tests: `seed-load PRODUCTS ORDERS DATABASE`.
//!
//! It appends the events that the services would have appended; their triggers fold them, so every table is as if
//! all of it had happened. Only the relay is not asked: its cursors are moved past, and the audit log has none of it.
//! Orders have no address, as those of people who were erased: only the deployment's own keys could encrypt one.
#![expect(clippy::print_stdout, reason = "a program for the command line")]

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use contract::orders::{Content, OrderEvent};
use contract::products::{HeldLine, Hold, ProductEvent, Sale};
use contract::{DomainEvent, Id, Line, OrderId, PaymentId, ProductId, Units, UserId};
use money::{Amount, Currency};
use rusqlite::{CachedStatement, Connection, params};
use store::Timestamp;
use uuid::{NoContext, Uuid};

/// Events per transaction: one takes a fraction of a second, so that a running app can go on writing in between.
const BATCH: u64 = 5_000;
/// How many sellers the products are spread over, and how many buyers the orders.
const SELLERS: u64 = 100;
const BUYERS: u64 = 10_000;
/// Units of each product: more than all orders together can want.
const STOCK: i64 = 10_000_000;
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

/// The id of the person with this number in a `role`: 1 sells, 2 buys.
fn person(role: u128, number: u64) -> UserId {
    UserId::from_u128(role << 64 | u128::from(number))
}

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
    id: ProductId,
    name: String,
    seller_id: UserId,
    price: i64,
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
                id,
                name: format!("{colour} {thing} {number}"),
                seller_id: person(1, number % SELLERS),
                price: (100 + number * 37 % 100_000) as i64,
            };
            let created = ProductEvent::Created {
                seller_id: product.seller_id,
                name: product.name.clone(),
                description: format!("A {thing} in {colour}, number {number} of its kind"),
                category: thing.to_owned(),
                price: product.price,
                currency: Currency::USD,
                stock: STOCK,
            };
            self.append("products", id, 1, product.seller_id, &created)?;
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
        let order_id: OrderId = self.next_id();
        let (buyer_id, quantity) = (person(2, number % BUYERS), 1 + (number % 3) as i64);
        let expires_at = Timestamp((self.clock + Duration::from_secs(900)).as_millis() as i64);
        let (currency, amount) = (Currency::USD, Amount::new(quantity * product.price, Currency::USD));
        let Product { id: product_id, ref name, seller_id, price } = *product;
        let units = Units { product_id, quantity };
        let sale = Some(Sale { name: name.clone(), seller_id, price });
        let lines = vec![HeldLine { units: units.clone(), sale }];
        let held = ProductEvent::StockReserved(Hold { order_id, expires_at, currency, lines });
        let lines = vec![Line { product_id, name: name.clone(), seller_id, quantity, price }];
        let placed =
            OrderEvent::Placed(Content { buyer_id, currency, total: amount.minor, lines, expires_at });
        self.append("products", order_id, 1, "service:orders", &held)?;
        self.append("orders", order_id, 1, buyer_id, &placed)?;
        let (happens, settled) = if number.is_multiple_of(CANCELLED) {
            let (payment_id, refund, restock, reason) = (None, false, false, None);
            let cancelled = OrderEvent::Cancelled { buyer_id, payment_id, refund, restock, reason };
            (cancelled, ProductEvent::StockReleased { order_id })
        } else {
            let (payment_id, lines) = (PaymentId::generate(), vec![units]);
            let paid = OrderEvent::Paid { buyer_id, payment_id, amount, lines };
            (paid, ProductEvent::StockConfirmed { order_id, lines: None })
        };
        self.append("orders", order_id, 2, "service:payments", &happens)?;
        self.append("products", order_id, 2, "service:orders", &settled)
    }

    fn append(
        &mut self,
        service: &str,
        stream: impl Into<String>,
        version: i64,
        actor: impl Into<String>,
        event: &impl DomainEvent,
    ) -> Result<()> {
        self.written += 1;
        if self.written.is_multiple_of(BATCH) {
            self.db.execute_batch("COMMIT")?;
            self.begin()?;
        }
        let (id, at) = (Uuid::now_v7().to_string(), Timestamp(self.clock.as_millis() as i64).to_string());
        let mut insert: CachedStatement<'_> = self.db.prepare_cached(&format!(
            "INSERT INTO {service}_events (id, stream, version, type, data, actor, time) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
        ))?;
        let (data, stream, actor) = (event.data().to_string(), stream.into(), actor.into());
        insert.execute(params![id, stream, version, event.name(), data, actor, at])?;
        Ok(())
    }

    fn begin(&self) -> Result<()> {
        Ok(self.db.execute_batch("BEGIN IMMEDIATE")?)
    }

    /// An aggregate's id; a little later than the last one.
    fn next_id<T>(&mut self) -> Id<T> {
        self.clock += Duration::from_millis(1);
        let moment = uuid::Timestamp::from_unix(NoContext, self.clock.as_secs(), self.clock.subsec_nanos());
        Id::from_u128(Uuid::new_v7(moment).as_u128())
    }

    /// All targets as if they had been told.
    fn skip_relay(&self) -> Result<()> {
        let targets =
            [("products", "audit"), ("orders", "products"), ("orders", "payments"), ("orders", "audit")];
        for (service, target) in targets {
            let sql = format!(
                "INSERT INTO {service}_cursors (target, seq) \
                 SELECT ?1, coalesce(max(seq), 0) FROM {service}_events WHERE true \
                 ON CONFLICT (target) DO UPDATE SET seq = excluded.seq"
            );
            self.db.execute(&sql, [target])?;
        }
        Ok(())
    }
}
