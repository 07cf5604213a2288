//! The public operations: routes, handlers, and what the API's description says of them.

use contract::permissions::PaymentsRefund;
use edge::{Api, Code, List};
use serde_json::{Map, Value};

use crate::api;
use crate::handlers::{conflicts, disputes, history, pay, payments, refunds, three_d_secure, webhooks};
use crate::store::DB;

/// All of them.
pub fn operations() -> Api {
    given_back(paid(Api::new("payments").limited(&DB).at(&["/api/payments", "/payments"])))
        .post("/webhooks/{provider}", webhooks::receive, |o| {
            o.named("receivePaymentWebhook", "Take a payment provider's webhook")
                .about(
                    "The provider signs it. It only says what to ask the provider about, so it may come \
                     twice, late and in any order. Refunds made at the provider and disputes arrive by it. \
                     Of a provider that does not sign, one per payment and 5 s has it asked.",
                )
                .takes::<Map<String, Value>>("application/json")
                .done(204, "Believed; what it is about was settled, or is none of ours.")
                .fails(&[Code::MALFORMED, Code::UNAUTHENTICATED, Code::UNAVAILABLE])
        })
        .at(&["/api/payments"])
        .get("/sandbox/3ds/{id}", three_d_secure::page, |o| {
            o.named("getSandboxPage", "The sandbox's page to confirm a card (3-D Secure)")
                .about(
                    "Where `actionUrl` of a payment by the sandbox leads. Needs no token, as a bank's page.",
                )
                .answers_as::<String>(200, "text/html", "The page.")
        })
        .post("/sandbox/3ds/{id}", three_d_secure::choose, |o| {
            o.named("confirmAtSandbox", "Confirm a card at the sandbox, or refuse to")
                .about("What is not waiting for its payer stays as it is.")
                .takes::<api::Chosen>("application/x-www-form-urlencoded")
                .done(303, "To the page, which says what became of the payment.")
                .located()
                .fails(&[Code::VALIDATION])
        })
}

fn paid(api: Api) -> Api {
    api.post("", pay::create, |o| {
        o.named("payOrder", "Pay an order")
            .about(
                "`amount` must be the order's total. Of the card only brand, last four digits and expiry \
                 are kept. A provider that says no is 402, with `paymentId`, `declineCode`, `retryable` and \
                 `providerCode`, its own word for it.",
            )
            .created::<api::Payment>("The money was taken; the order is PAID.")
            .answers::<api::Payment>(202, "The provider has not decided yet; read the payment again later.")
            .located()
            .tagged()
            .fails(&[Code::CARD_DECLINED, Code::NOT_FOUND, Code::AMOUNT_MISMATCH, Code::ALREADY_PAID])
            .fails(&[Code::INVALID_TRANSITION, Code::IDEMPOTENCY_IN_PROGRESS, Code::CURRENCY_NOT_SUPPORTED])
            .fails(&[Code::TOO_MANY_ATTEMPTS, Code::UNAVAILABLE])
    })
    .get("", payments::list, |o| {
        o.named("listPayments", "List payments, newest first")
            .about("One's own, or all with `payments:any`.")
            .ok::<List<api::Payment>>("A page of payments.")
    })
    .get("/history", history::list, |o| {
        o.named("listPaymentHistory", "Payments by time and status, with their sums")
            .about(
                "One's own, or all with `payments:any`; newest first. `totals` sum up all that match, not \
                 only the page.",
            )
            .ok::<api::History>("A page of payments, and the sums.")
    })
    .get("/{id}", payments::get, |o| {
        o.named("getPayment", "Read a payment").ok::<api::Payment>("The payment.")
    })
    .post("/{id}/resolve", conflicts::resolve, |o| {
        o.named("resolvePayment", "End a conflict: what the provider booked stands, or goes back")
            .about(
                "Never the buyer (403). `accept`: the payment is of the sum that was booked, and pays its \
                 order if that waits for it and costs what was asked; else it goes back. Refused when some \
                 of a charge was given back already (409). `refund`: all that is left of it goes back, and \
                 the order may be paid anew.",
            )
            .ok::<api::Payment>("The payment as it is now.")
            .fails(&[Code::INVALID_TRANSITION, Code::CONFLICT, Code::IDEMPOTENCY_IN_PROGRESS])
    })
    .get("/{id}/disputes", disputes::list, |o| {
        o.named("listDisputes", "List the disputes of a payment")
            .about("What the payer's bank wants back, as the provider's webhooks tell it.")
            .ok::<List<api::Dispute>>("A page of disputes.")
    })
}

/// What refuses a refund.
const REFUSED: [Code; 5] = [
    Code::REFUND_EXCEEDS_CAPTURED,
    Code::REFUND_DECLINED,
    Code::INVALID_TRANSITION,
    Code::CONFLICT,
    Code::IDEMPOTENCY_IN_PROGRESS,
];

fn given_back(api: Api) -> Api {
    api.post("/{id}/refunds", refunds::create, |o| {
        o.named("refundPayment", "Give money back")
            .about(
                "The seller of the whole order, or with `payments:any`; never the buyer, whatever roles \
                 they have (403). Without `amount` all that is left.",
            )
            .answers::<api::Refund>(201, "The money was given back.")
            .answers::<api::Refund>(202, "The provider has not said so yet; it is asked until it does.")
            .needs(PaymentsRefund)
            .fails(&REFUSED)
    })
    .get("/{id}/refunds", refunds::list, |o| {
        o.named("listRefunds", "List the refunds of a payment, oldest first")
            .about("For the payment's buyer, the seller of its whole order, and `payments:any`.")
            .ok::<List<api::Refund>>("A page of refunds.")
    })
    .post("/{id}/refunds/{refundId}/retry", refunds::retry, |o| {
        o.named("retryRefund", "Ask again for a refund that the provider refused")
            .about(
                "For whoever may make it. The provider is first asked whether it gave the money back \
                 meanwhile. A refund that was refused is also asked for again by itself (`retryAt`). \
                 Neither happens once another refund of the payment was asked for, or made at the provider \
                 (409).",
            )
            .answers::<api::Refund>(201, "The money was given back.")
            .answers::<api::Refund>(202, "The provider has not said so yet; it is asked until it does.")
            .needs(PaymentsRefund)
            .fails(&REFUSED)
    })
}
