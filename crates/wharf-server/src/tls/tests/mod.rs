#[path = "../../../tests/server/tls/authority.rs"]
#[expect(dead_code, reason = "the tests of a whole server use more of it")]
mod authority;
mod certificates;
mod expiry;
mod handshakes;
mod renewal;
mod slow;

use authority::{Authority, Pair};
