use std::cell::Cell;

use wharf_core::{State, get};

struct Counter(Cell<u64>);

async fn count(counter: State<Counter>) -> String {
    counter.0.get().to_string()
}

fn main() {
    let _ = get("/", count);
}
