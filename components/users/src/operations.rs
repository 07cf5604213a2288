//! The public operations: routes, handlers, and what the API's description says of them.

use edge::{Api, Code, List};

use crate::api;
use crate::handlers::{accounts, export, profiles};
use crate::store::DB;

/// All of them.
pub fn operations() -> Api {
    Api::new("users")
        .limited(&DB)
        .at(&["/api/users", "/users"])
        .get("", accounts::list, |o| {
            o.named("listUsers", "List users, newest first").ok::<List<api::Profile>>("A page of profiles.")
        })
        .post("", accounts::create, |o| {
            o.named("createUser", "Make an account for somebody else")
                .about("Roles other than BUYER and SELLER also need `roles:write`, and all that they permit.")
                .created::<api::Profile>("The new profile.")
                .tagged()
                .fails(&[Code::EMAIL_TAKEN, Code::IDEMPOTENCY_IN_PROGRESS])
        })
        .get("/{id}", profiles::get, |o| {
            o.named("getUser", "Read a profile")
                .about(
                    "One's own, or any with `users:any`. A seller sees who bought from them: `id`, `name` \
                     and `shippingAddresses` of their orders, nothing else, and without an ETag.",
                )
                .ok::<api::UserView>("The profile.")
                .tagged_if_any()
        })
        .put("/{id}", profiles::update, |o| {
            o.named("updateUser", "Replace a profile")
                .about(
                    "One's own, or any with `users:any` whose permissions one has oneself. What is left out \
                     becomes empty.",
                )
                .ok::<api::Profile>("The profile.")
                .fails(&[Code::FORBIDDEN, Code::CONFLICT])
        })
        .delete("/{id}", accounts::erase, |o| {
            o.named("eraseUser", "Erase an account")
                .about(
                    "One's own, which needs the password in the body, or any with `users:any` whose \
                     permissions one has oneself. E-mail, name, phone and addresses are overwritten \
                     everywhere, sessions end, the e-mail is free again; orders, payments and the audit log \
                     stay. The products are off sale, and nobody pays their orders any more. The last ADMIN \
                     cannot be erased (409).",
                )
                .done(204, "Done.")
                .unkeyed()
                .fails(&[Code::FORBIDDEN, Code::CONFLICT, Code::TOO_MANY_ATTEMPTS])
        })
        .at(&["/api/users"])
        .get("/{id}/export", export::export, |o| {
            o.named("exportUser", "All that is held of a user")
                .about(
                    "One's own, or any with `users:any` whose permissions one has oneself. A file to keep.",
                )
                .ok::<api::Export>("The document.")
                .fails(&[Code::FORBIDDEN])
        })
}
