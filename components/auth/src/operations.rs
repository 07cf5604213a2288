//! The public operations: routes, handlers, and what the API's description says of them.

use edge::{Api, Code, List};

use crate::api;
use crate::handlers::{accounts, keys, lifecycle, login, passwords, permissions, resets, roles, sessions};
use crate::store::DB;

/// All of them.
pub fn operations() -> Api {
    others(role_table(own(entry(Api::new("auth").limited_as_credentials(&DB)))))
}

/// Getting in and out.
fn entry(api: Api) -> Api {
    api.at(&["/api/auth/signup", "/auth/signup", "/api/users/register"])
        .post("", accounts::signup, |o| {
            o.named("signup", "Make an account")
                .about(
                    "An `Idempotency-Key` belongs to nobody here, since nobody has signed in yet: once it \
                     made an account, another body with it is `idempotency_mismatch`, whoever sends it. \
                     Take one that nobody guesses, such as a UUID.",
                )
                .created::<api::Account>("The new account.")
                .fails(&[Code::EMAIL_TAKEN, Code::IDEMPOTENCY_IN_PROGRESS])
        })
        .at(&["/api/auth", "/auth"])
        .post("/login", login::login, |o| {
            o.named("login", "Log in")
                .ok::<api::Tokens>("An access token (5 minutes) and a refresh token (30 days).")
                .fails(&[Code::INVALID_CREDENTIALS, Code::TOO_MANY_ATTEMPTS])
        })
        .post("/refresh", login::refresh, |o| {
            o.named("refreshTokens", "Exchange a refresh token for new tokens")
                .about(
                    "A refresh token is good for one use. Using a spent one ends its session, but for its \
                     immediate successor within 10 seconds, which is given again.",
                )
                .ok::<api::Tokens>("New tokens; the refresh token that was sent is spent.")
                .fails(&[Code::TOKEN_REUSED, Code::UNAUTHENTICATED, Code::UNAVAILABLE])
        })
        .limited(&DB)
        .post("/logout", login::logout, |o| {
            o.named("logout", "End the session of a refresh token")
                .done(204, "The session is ended, if there was one.")
        })
        .get("/me", accounts::me, |o| {
            o.named("getMe", "Who the access token speaks for")
                .live()
                .ok::<api::Me>("The account, and what the token lets it do.")
        })
}

/// One's sessions and password.
fn own(api: Api) -> Api {
    api.at(&["/api/auth"])
        .get("/sessions", sessions::list, |o| {
            o.named("listSessions", "List one's sessions")
                .live()
                .ok::<List<api::Session>>("A page of sessions.")
        })
        .delete("/sessions", sessions::end_all, |o| {
            o.named("endSessions", "End all of one's sessions").live().done(204, "Done.")
        })
        .delete("/sessions/{id}", sessions::end, |o| {
            o.named("endSession", "End a session").live().done(204, "Done.")
        })
        .limited_as_credentials(&DB)
        .post("/password", passwords::change, |o| {
            o.named("changePassword", "Change one's password")
                .about("Ends all other sessions.")
                .live()
                .done(204, "Done.")
                .fails(&[Code::TOO_MANY_ATTEMPTS])
        })
        .post("/password/forgot", resets::forgot, |o| {
            o.named("forgotPassword", "Have a token for a new password mailed")
                .about(
                    "The answer and its time are the same whether the e-mail has an account or not. The \
                     token is good once, for 30 minutes. An e-mail gets three mails within 30 minutes: \
                     whoever asks again has one that is still good. Nothing is mailed while the deployment \
                     has no mailer; then an ADMIN issues a token.",
                )
                .done(202, "If the e-mail has an account, a mail is on its way.")
        })
        .post("/password/reset", resets::reset, |o| {
            o.named("resetPassword", "Set a new password by a token")
                .about(
                    "All sessions and all other tokens of the account end. A password that is refused \
                     leaves the token good.",
                )
                .done(204, "Done.")
                .fails(&[Code::RESET_TOKEN_INVALID])
        })
}

/// Roles, and the key that signs tokens.
fn role_table(api: Api) -> Api {
    api.limited(&DB)
        .post("/keys/rotate", keys::rotate, |o| {
            o.named("rotateKeys", "Make the next signing key")
            .about(
                "The key is published for a minute before it signs; its predecessor verifies until its last \
                 token is dead. Asked again in that minute, the answer is the same. Sessions go on. 409 \
                 when the key is the setting `jwt_secret`.",
            )
            .live()
            .ok::<api::Key>("The key that will sign.")
            .fails(&[Code::CONFLICT, Code::IDEMPOTENCY_IN_PROGRESS])
        })
        .get("/roles", roles::list, |o| {
            o.named("listRoles", "List roles")
                .about("The built-in ones come first.")
                .ok::<List<api::Role>>("A page of roles.")
        })
        .post("/roles", roles::create, |o| {
            o.named("createRole", "Make a role")
                .about("Needs every permission that is given.")
                .live()
                .answers::<api::Role>(201, "The role.")
                .tagged()
                .fails(&[Code::CONFLICT, Code::IDEMPOTENCY_IN_PROGRESS])
        })
        .get("/roles/{role}", roles::get, |o| {
            o.named("getRole", "Read a role")
                .about("A built-in role has no `ETag`.")
                .ok::<api::Role>("The role.")
                .tagged_if_any()
        })
        .put("/roles/{role}", roles::change, |o| {
            o.named("changeRole", "Change a role")
                .about("Needs all that the role has and gets. Shows in the next access tokens.")
                .live()
                .ok::<api::Role>("The role.")
                .fails(&[Code::CONFLICT])
        })
        .delete("/roles/{role}", roles::remove, |o| {
            o.named("removeRole", "Remove a role")
                .about("Needs all that the role has. Nobody has it any more.")
                .live()
                .done(204, "Done.")
                .fails(&[Code::CONFLICT])
        })
        .put("/users/{id}/roles", roles::assign, |o| {
            o.named("assignRoles", "Give a user these roles and no others")
                .about("The last ADMIN stays one.")
                .live()
                .ok::<api::Roles>("The roles.")
                .fails(&[Code::CONFLICT])
        })
}

/// What concerns others' accounts.
fn others(api: Api) -> Api {
    api.at(&["/api/v1/auth/check-permission", "/api/auth/check-permission"])
        .post("", permissions::check, |o| {
            o.named("checkPermission", "Ask whether a user may do something")
                .about("`permission`, or `resource` and `action`. About another user it needs `roles:read`.")
                .ok::<api::Verdict>("The answer.")
                .fails(&[Code::FORBIDDEN, Code::NOT_FOUND])
        })
        .at(&[""])
        .get("/auth/user/{userId}", permissions::user_info, |o| {
            o.named("getUserInfo", "Who a user is")
                .about(
                    "Oneself or with `users:any`: with the e-mail. A seller who sold to that user: with the \
                     name.",
                )
                .live()
                .ok::<api::UserInfo>("The user.")
        })
        .at(&["/api/users"])
        .put("/{id}/email", lifecycle::change_email, |o| {
            o.named("changeEmail", "Change one's e-mail")
                .live()
                .about("Needs the password. Ends all other sessions.")
                .done(204, "Done.")
                .fails(&[Code::EMAIL_TAKEN, Code::TOO_MANY_ATTEMPTS])
        })
        .put("/{id}/status", lifecycle::switch, |o| {
            o.named("setUserStatus", "Disable an account, or enable it again")
                .live()
                .about(
                    "Needs all that the account may. Its sessions end, and its logins fail as with a wrong \
                     password; its products are off sale until it is enabled again, nobody pays its orders, \
                     and every change by its old access token is refused with 401. The last ADMIN cannot be \
                     disabled (409).",
                )
                .done(204, "Done.")
                .fails(&[Code::CONFLICT])
        })
        .post("/{id}/password-reset", resets::issue, |o| {
            o.named("issuePasswordReset", "Issue a token for a new password")
                .about(
                    "Needs all that the account may; also when the token is used. For somebody who gets no \
                     mail, and not for oneself. It is good once, for 30 minutes. 409 while nobody can log \
                     in to the account.",
                )
                .live()
                .answers::<api::IssuedReset>(201, "The token. It is not shown again.")
                .unkeyed()
                .fails(&[Code::CONFLICT])
        })
}
