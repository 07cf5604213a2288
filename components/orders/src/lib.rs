//! Orders: placed, paid, cancelled.
