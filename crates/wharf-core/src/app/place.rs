//! [`Place`], where in the tree of apps a request has come to.

use std::sync::Arc;

use super::{Mounted, RouteInfo};

/// Where in the tree of apps a request has come to: made once, so that each request of a route shares one of it.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) mounted: Arc<Mounted>,
    /// `None` where no route matches.
    pub(crate) route: Option<Arc<RouteInfo>>,
}

impl Place {
    pub(super) fn of_route(mounted: &Arc<Mounted>, route: &Arc<RouteInfo>) -> Arc<Self> {
        Arc::new(Self {
            mounted: Arc::clone(mounted),
            route: Some(Arc::clone(route)),
        })
    }

    pub(super) fn of_app(mounted: &Arc<Mounted>) -> Arc<Self> {
        Arc::new(Self {
            mounted: Arc::clone(mounted),
            route: None,
        })
    }
}
