//! Each service by itself: its contract, its refusals, who may do what.
#![allow(clippy::print_stderr, clippy::print_stdout, reason = "tests tell what they saw")]

mod accounts;
mod audit;
mod audit_chain;
mod audit_intake;
mod authorisation;
mod authority;
mod bad_input;
mod catalogue;
mod changes;
mod erasure;
mod forgery;
mod fulfilment;
mod gateway;
mod instances;
mod keys;
mod order_events;
mod order_lists;
mod orders;
mod passwords;
mod payment_history;
mod payments;
mod people;
mod plug_ins;
mod products;
mod profiles;
mod refunds;
mod relay;
mod reservations;
mod roles;
mod sessions;
mod stripe;
mod sweep;
mod tokens;
mod toss;
mod users;
