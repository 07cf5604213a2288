//! Each service by itself: its contract, its refusals, who may do what.

mod accounts;
mod audit;
mod authorisation;
mod bad_input;
mod changes;
mod erasure;
mod forgery;
mod fulfilment;
mod gateway;
mod keys;
mod order_events;
mod order_lists;
mod orders;
mod passwords;
mod payments;
mod products;
mod profiles;
mod reservations;
mod roles;
mod sessions;
mod tokens;
mod users;
