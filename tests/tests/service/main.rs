//! Each service by itself: its contract, its refusals, who may do what.

mod accounts;
mod audit;
mod audit_chain;
mod audit_intake;
mod authorisation;
mod bad_input;
mod catalogue;
mod forgery;
mod gateway;
mod keys;
mod orders;
mod passwords;
mod payments;
mod products;
mod profiles;
mod relay;
mod reservations;
mod roles;
mod sessions;
mod tokens;
