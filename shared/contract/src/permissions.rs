//! What roles permit. A permission opens routes; whose things somebody may deal with there, relations decide. `x:any`
//! is for what belongs to others, too.

/// A permission, as a type: it stands in the signature of a handler that demands it.
pub trait Permission {
    /// As roles and tokens have it, such as `orders:read`.
    const NAME: &'static str;
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl Permission for $name {
                const NAME: &'static str = $text;
            }
        )*

        /// The names of all of them.
        pub const ALL: &[&str] = &[$($text),*];
    };
}

permissions! {
    /// Place orders.
    OrdersCreate = "orders:create",
    /// Read orders of one's own, as buyer or seller.
    OrdersRead = "orders:read",
    /// Send what one has sold.
    OrdersFulfil = "orders:fulfil",
    /// Deal with everyone's orders.
    OrdersAny = "orders:any",
    /// Pay one's orders.
    PaymentsCreate = "payments:create",
    /// Read payments of one's own.
    PaymentsRead = "payments:read",
    /// Give back what was paid for what one has sold.
    PaymentsRefund = "payments:refund",
    /// Deal with everyone's payments.
    PaymentsAny = "payments:any",
    /// Sell products, and change one's own.
    ProductsWrite = "products:write",
    /// Change everyone's products.
    ProductsAny = "products:any",
    /// Deal with everyone's account and profile.
    UsersAny = "users:any",
    /// Read roles.
    RolesRead = "roles:read",
    /// Make, change and assign roles.
    RolesWrite = "roles:write",
    /// Make the next signing key.
    KeysRotate = "keys:rotate",
    /// Read the audit log.
    AuditRead = "audit:read",
    /// Send events to the audit log.
    AuditWrite = "audit:write",
    /// Read the feed of events.
    EventsRead = "events:read",
    /// Have events delivered again.
    EventsWrite = "events:write",
    /// Read where registered services are.
    DiscoveryRead = "discovery:read",
    /// Register services.
    DiscoveryWrite = "discovery:write",
    /// Do all chores.
    SystemSweep = "system:sweep",
}
