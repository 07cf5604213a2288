//! How a person stands to a payment. Every route that is about one asks here, so that a permission alone opens no one
//! else's money, and nobody decides about a purchase of their own.

use contract::PaymentId;
use contract::orders::Summary;
use contract::permissions::{PaymentsAny, PaymentsRefund};
use edge::{Code, Context, Problem, User};
use http::StatusCode;

use crate::domain::Payment;
use crate::error::Error;
use crate::{CLIENT, store as payments};

/// What a person is to a payment; a stranger is nothing, and must not know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Who paid. Whatever else they may do, here they are a buyer.
    Buyer,
    /// Who sold every line of the order: a refund is of the order and not of lines, so of several sellers none decides.
    OnlySeller,
    /// Who may deal with all payments.
    Admin,
}

impl Relation {
    /// What `user` is to `payment`. Only a seller costs a hop.
    async fn of(context: &Context, user: &User, payment: &Payment) -> Result<Option<Self>, Error> {
        match user.relation(payment.buyer_id, PaymentsAny) {
            Some(edge::Relation::Owner) => return Ok(Some(Self::Buyer)),
            Some(edge::Relation::Overseer) => return Ok(Some(Self::Admin)),
            None => {}
        }
        let sold = user.may(PaymentsRefund) && is_only_seller(context, user, payment).await?;
        Ok(sold.then_some(Self::OnlySeller))
    }

    /// Refuse with 403 whoever decides about their own purchase.
    pub fn refuse_buyer(self) -> Result<(), Problem> {
        match self {
            Self::Buyer => Err(Problem::new(
                Code::FORBIDDEN,
                "Nobody decides about the money of a purchase of their own",
            )),
            Self::OnlySeller | Self::Admin => Ok(()),
        }
    }
}

/// The payment with this id and what `user` is to it; 404 for strangers.
pub async fn related(context: &Context, user: &User, id: PaymentId) -> Result<(Payment, Relation), Error> {
    let payment = payments::find(id).await?.ok_or(Error::NotFound)?;
    let relation = Relation::of(context, user, &payment).await?.ok_or(Error::NotFound)?;
    Ok((payment, relation))
}

async fn is_only_seller(context: &Context, user: &User, payment: &Payment) -> Result<bool, Error> {
    let reply = CLIENT.get(context, "orders", &format!("orders/{}", payment.order_id)).await?;
    match reply.status {
        StatusCode::OK => {
            let sellers = reply.json::<Summary>()?.seller_ids;
            Ok(matches!(sellers.as_slice(), [only] if *only == user.id))
        }
        StatusCode::NOT_FOUND => Ok(false),
        _ => Err(Problem::new(Code::UNAVAILABLE, "The order cannot be read now; try again").into()),
    }
}
