//! Each service by itself: its contract, its refusals, who may do what.

mod accounts;
mod audit;
mod authorisation;
mod bad_input;
mod catalogue;
mod forgery;
mod gateway;
mod keys;
mod orders;
mod passwords;
mod payment_history;
mod payments;
mod plug_ins;
mod products;
mod profiles;
mod refunds;
mod reservations;
mod roles;
mod sessions;
mod stripe;
mod tokens;
mod toss;
