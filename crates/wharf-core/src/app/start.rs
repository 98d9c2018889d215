//! An app becomes one that answers: it is checked, its resources are entered, its routes are built.

use std::sync::{Arc, Mutex};

use wharf_http::middleware::SharedMiddleware;
use wharf_http::{BoxFuture, Chain, Signal};

use super::check::{self, Plan};
use super::limited::LimitedEndpoint;
use super::running::{Inner, Leaf, Running};
use super::unrouted::UnroutedEndpoint;
use super::{App, Mounted, Place};
use crate::check::CheckError;
use crate::lifecycle::{Entered, Setup, StartError};
use crate::middleware::{Layer, Served};
use crate::route::OnDisconnect;
use crate::routing::{Mounts, RouterBuilder};

/// Checks, enters, builds.
///
/// In a box, so that all of it is compiled here and not with each program.
pub(super) fn start(app: App) -> BoxFuture<'static, Result<Running, StartError>> {
    Box::pin(start_in_order(app))
}

async fn start_in_order(mut app: App) -> Result<Running, StartError> {
    let plan = check::check(&app)?;
    app.replace_resources();
    let shutdown = Signal::new();
    let mut setups: Vec<Setup> = Vec::new();
    for number in 0..app.mounts.len() {
        let overrides = app.overrides_of(number);
        let mount = &mut app.mounts[number];
        let parent = mount.parent.map(|parent| setups[parent].clone());
        let state = std::mem::take(&mut mount.state);
        setups.push(Setup::new(state, overrides, parent, shutdown.clone()));
    }
    let mut entered = Entered::new(app.errors.clone());
    let errors = app.errors.clone();
    match enter(&mut app, &setups, &mut entered).await {
        Ok(()) => Ok(build(app, plan, &setups, entered, shutdown)),
        Err(error) => {
            if let Err(error) = entered.leave().await {
                errors.report(error);
            }
            Err(error)
        }
    }
}

/// Enters resources, then runs start-up hooks, from the outermost app inwards; then makes sure that no state is missing.
async fn enter(app: &mut App, setups: &[Setup], entered: &mut Entered) -> Result<(), StartError> {
    for (mount, setup) in app.mounts.iter_mut().zip(setups) {
        for resource in std::mem::take(&mut mount.steps.resources) {
            entered.enter(resource, setup).await?;
        }
    }
    for (mount, setup) in app.mounts.iter_mut().zip(setups) {
        entered
            .start(std::mem::take(&mut mount.steps.startup), setup)
            .await?;
    }
    let mut problems = check::missing_state(app, |number, key| setups[number].sees(key));
    app.check_overrides(|number, key| setups[number].has(key), &mut problems);
    CheckError::from_problems(problems)?;
    // Only now: a start that fails leaves what was entered, and runs no plain hooks.
    for (mount, setup) in app.mounts.iter_mut().zip(setups) {
        entered.at_shutdown(std::mem::take(&mut mount.steps.shutdown), setup);
        entered.at_cleanup(std::mem::take(&mut mount.steps.cleanup), setup);
        entered.spawn(std::mem::take(&mut mount.steps.tasks), setup);
    }
    Ok(())
}

fn build(app: App, plan: Plan, setups: &[Setup], entered: Entered, shutdown: Signal) -> Running {
    let mounted: Vec<Arc<Mounted>> = setups
        .iter()
        .enumerate()
        .map(|(number, setup)| {
            Arc::new(Mounted {
                state: setup.snapshot(),
                urls: plan.urls.clone(),
                on_error: app.on_error_of(number),
                on_response: app.on_response_of(number),
                body_limit: app.body_limit_of(number),
                debug: app.debug_of(number),
            })
        })
        .collect();
    let of_apps = app.mounts.iter().flat_map(|mount| &mount.middleware);
    let of_routes = app.routes.iter().flat_map(|(_, route)| &route.middleware);
    of_apps.chain(of_routes).for_each(Layer::begin);
    let layers: Vec<Vec<SharedMiddleware<Served>>> = (0..app.mounts.len())
        .map(|number| app.layers(number).filter_map(Layer::middleware).collect())
        .collect();
    let unrouted = mounted
        .iter()
        .zip(&layers)
        .enumerate()
        .map(|(number, (mounted, layers))| {
            let end = UnroutedEndpoint {
                fallback: app.fallback_of(number),
                method_not_allowed: app.method_not_allowed_of(number),
            };
            (
                Place::of_app(mounted),
                Arc::new(Chain::new(layers.clone(), Box::new(end))),
            )
        })
        .collect();
    let mut builder = RouterBuilder::new();
    let mut routes = Vec::new();
    for (((mount, route), info), (pattern, options)) in
        app.routes.into_iter().zip(plan.routes).zip(&plan.patterns)
    {
        let mut middleware = layers[mount].clone();
        middleware.extend(route.middleware.iter().filter_map(Layer::middleware));
        let preflight = (middleware.len() > layers[mount].len()).then(|| {
            // OPTIONS has been matched already, and is no method that the path lacks.
            let end = UnroutedEndpoint {
                fallback: None,
                method_not_allowed: None,
            };
            Arc::new(Chain::new(middleware.clone(), Box::new(end)))
        });
        let finish = info.on_disconnect == OnDisconnect::Finish;
        // Without middleware the time begins when the request has come, and needs no endpoint of its own.
        let limit = info.timeout.filter(|_| middleware.is_empty() && !finish);
        let end = match (info.timeout, finish) {
            (None, false) => route.end,
            (Some(_), false) if limit.is_some() => route.end,
            (timeout, finish) => Box::new(LimitedEndpoint {
                end: route.end,
                timeout,
                finish,
            }),
        };
        let info = Arc::new(info);
        routes.push(Arc::clone(&info));
        let leaf = Leaf {
            number: u32::try_from(routes.len() - 1).unwrap_or(u32::MAX),
            chain: Arc::new(Chain::new(middleware, end)),
            preflight,
            place: Place::of_route(&mounted[mount], &info),
            info: Arc::clone(&info),
            limit,
        };
        builder.insert(pattern, info.verb.clone(), *options, leaf);
    }
    let router = builder
        .build()
        .unwrap_or_else(|_| unreachable!("the check found no conflicts"));
    Running {
        inner: Arc::new(Inner {
            router,
            mounts: Mounts::new(plan.prefixes),
            unrouted,
            routes,
            shutdown,
            entered: Mutex::new(Some(entered)),
        }),
    }
}
