//! Each service by itself: its contract, its refusals, who may do what.

mod accounts;
mod audit;
mod authorisation;
mod bad_input;
mod changes;
mod forgery;
mod fulfilment;
mod gateway;
mod keys;
mod order_events;
mod order_lists;
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
mod sweep;
mod tokens;
mod toss;
