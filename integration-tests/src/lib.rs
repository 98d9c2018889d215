//! What a user of wharf sees, tested from outside: one file in `tests/` per topic.
