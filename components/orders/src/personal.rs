//! What is personal in an order is its shipping address: encrypted in the store, in clear everywhere else.

use contract::OrderId;
use edge::Problem;
use edge::vault::{self, Item};

use crate::domain::{Address, Order};
use crate::error::Error;

/// The purpose of shipping addresses, as JSON.
const ADDRESS: &str = "shippingAddress";
/// The purpose of answers that are kept for their idempotency key: the address is in them, too.
const ANSWER: &str = "order-answer";

/// The ciphertext of the address of the order with this id.
pub async fn encrypt(order_id: OrderId, address: &Address) -> Result<String, Error> {
    let address = serde_json::to_string(address).map_err(Problem::internal)?;
    let [sealed] = vault::encrypt([Item::new(ADDRESS, order_id, address)]).await?;
    Ok(sealed)
}

/// Give orders their addresses: one call of the vault, however many there are. What was erased stays `None`.
pub async fn decrypt(sealed: Vec<(Order, Option<String>)>) -> Result<Vec<Order>, Error> {
    let items = sealed.iter().filter_map(|(order, address)| {
        address.as_ref().map(|address| Item::new(ADDRESS, order.id, address.as_str()))
    });
    let mut texts = vault::decrypt_all(items.collect()).await?.into_iter();
    let mut orders = Vec::with_capacity(sealed.len());
    for (mut order, address) in sealed {
        if let (Some(_), Some(text)) = (address, texts.next()) {
            order.address = Some(serde_json::from_str(&text).map_err(Problem::internal)?);
        }
        orders.push(order);
    }
    Ok(orders)
}

/// The ciphertext of the answer that the order was placed with.
pub async fn encrypt_answer(order_id: OrderId, answer: &str) -> Result<String, Error> {
    let [sealed] = vault::encrypt([Item::new(ANSWER, order_id, answer)]).await?;
    Ok(sealed)
}

/// The answer in clear.
pub async fn decrypt_answer(order_id: OrderId, sealed: String) -> Result<String, Error> {
    if sealed.is_empty() {
        return Err(Error::Erased);
    }
    let [answer] = vault::decrypt([Item::new(ANSWER, order_id, sealed)]).await?;
    Ok(answer)
}
