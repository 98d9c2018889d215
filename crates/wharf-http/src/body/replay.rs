//! Bodies that can be made anew.

use std::sync::Arc;

use super::Body;

/// Makes a body of the same bytes each time.
pub(crate) type Make = Arc<dyn Fn() -> Body + Send + Sync>;

/// A body of which nothing was read, and what makes another.
pub(super) struct Replayable {
    body: Body,
    make: Make,
}

impl Replayable {
    pub(super) fn new(body: Body, make: Make) -> Self {
        Self { body, make }
    }

    pub(super) fn body(&self) -> &Body {
        &self.body
    }

    pub(super) fn take(&mut self) -> Body {
        std::mem::take(&mut self.body)
    }

    pub(super) fn make(&self) -> Make {
        Arc::clone(&self.make)
    }

    pub(super) fn again(&self) -> Self {
        Self {
            body: (self.make)(),
            make: self.make(),
        }
    }
}
