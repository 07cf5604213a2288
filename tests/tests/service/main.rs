//! Each service by itself: its contract, its refusals, who may do what.

mod accounts;
mod audit;
mod authorisation;
mod bad_input;
mod erasure;
mod forgery;
mod gateway;
mod keys;
mod orders;
mod passwords;
mod payments;
mod products;
mod profiles;
mod roles;
mod sessions;
mod tokens;
mod users;
