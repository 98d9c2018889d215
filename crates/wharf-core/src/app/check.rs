//! Finds everything that is wrong with an app, and makes the plan of what is right.

use std::collections::HashSet;
use std::panic::Location;
use std::time::Duration;

use super::{App, DEFAULT_BODY_LIMIT, Mount, RouteInfo};
use crate::check::{CheckError, Problem};
use crate::extract::{Need, Needs, TypeKey};
use crate::middleware::Layer;
use crate::name::Urls;
use crate::route::{OnDisconnect, Route};
use crate::routing::{Names, Pattern, RouteOptions, RouterBuilder, TrailingSlash};

/// What a right app comes to.
pub(super) struct Plan {
    pub(super) routes: Vec<RouteInfo>,
    pub(super) patterns: Vec<(Pattern, RouteOptions)>,
    /// The whole prefix of each mounted app, and its number.
    pub(super) prefixes: Vec<(Pattern, usize)>,
    pub(super) urls: Urls,
}

pub(super) fn check(app: &App) -> Result<Plan, CheckError> {
    let mut problems = Vec::new();
    for mount in &app.mounts {
        problems.extend(
            mount
                .twice
                .iter()
                .map(|&(state, location)| Problem::DuplicateState { state, location }),
        );
    }
    let prefixes = prefixes(app, &mut problems);
    let (routes, patterns) = routes(app, &prefixes, &mut problems);
    conflicts(&routes, &patterns, &mut problems);
    let urls = urls(app, &routes, &patterns, &mut problems);
    problems.extend(missing_state(app, |number, key| app.may_have(number, key)));
    app.check_overrides(|number, key| app.may_provide(number, key), &mut problems);
    settings(app, &mut problems);
    for (number, route) in app
        .routes
        .iter()
        .map(|(mount, route)| (*mount, route))
        .chain(app.fallbacks())
    {
        extensions(app, number, route, &mut problems);
    }
    for beside in &app.beside {
        problems.extend((beside.problems)());
    }
    CheckError::from_problems(problems)?;
    let patterns = routes_of(patterns);
    let prefixes = prefixes
        .into_iter()
        .enumerate()
        .skip(1)
        .filter_map(|(number, prefix)| Some((prefix?, number)));
    Ok(Plan {
        routes: routes.into_iter().flatten().collect(),
        patterns,
        prefixes: prefixes.collect(),
        urls,
    })
}

fn routes_of(patterns: Vec<Option<(Pattern, RouteOptions)>>) -> Vec<(Pattern, RouteOptions)> {
    patterns.into_iter().flatten().collect()
}

/// The whole prefix of each app; `None` for the root and for malformed ones.
fn prefixes(app: &App, problems: &mut Vec<Problem>) -> Vec<Option<Pattern>> {
    let mut prefixes: Vec<Option<Pattern>> = Vec::new();
    for mount in &app.mounts {
        let Some(parent) = mount.parent else {
            prefixes.push(None);
            continue;
        };
        let malformed = |text: String| Problem::Malformed {
            text,
            location: mount.location,
        };
        let prefix = match mount.prefix.trim_end_matches('/') {
            "" => Err(malformed(format!(
                "the prefix of a mounted app cannot be `{}`: use `/name`",
                mount.prefix
            ))),
            prefix => Pattern::parse(prefix)
                .and_then(|own| {
                    prefixes[parent]
                        .as_ref()
                        .map_or_else(|| Ok(own.clone()), |prefix| prefix.join(&own))
                })
                .map_err(|error| malformed(format!("prefix {error}"))),
        };
        let prefix = prefix.and_then(|prefix| match prefix.has_rest() {
            true => Err(malformed(format!(
                "the prefix `{}` cannot end in a rest parameter",
                prefix.as_str()
            ))),
            false => Ok(prefix),
        });
        prefixes.push(prefix.map_err(|problem| problems.push(problem)).ok());
    }
    prefixes
}

type Routes = (Vec<Option<RouteInfo>>, Vec<Option<(Pattern, RouteOptions)>>);

fn routes(app: &App, prefixes: &[Option<Pattern>], problems: &mut Vec<Problem>) -> Routes {
    let mut infos = Vec::new();
    let mut patterns = Vec::new();
    for (mount, route) in &app.routes {
        let pattern = Pattern::parse(&route.path).and_then(|own| {
            prefixes[*mount]
                .as_ref()
                .map_or_else(|| Ok(own.clone()), |prefix| prefix.join(&own))
        });
        let pattern = match pattern {
            Ok(pattern) => pattern,
            Err(error) => {
                problems.push(Problem::Malformed {
                    text: format!("path {error}"),
                    location: route.location,
                });
                infos.push(None);
                patterns.push(None);
                continue;
            }
        };
        let info = RouteInfo {
            verb: route.verb.clone(),
            pattern: pattern.as_str().into(),
            parameters: pattern.names(),
            name: route.name.as_ref().map(|name| app.full_name(*mount, name)),
            handler: route.handler,
            location: route.location,
            body_limit: route
                .body_limit
                .unwrap_or_else(|| app.body_limit_of(*mount)),
            timeout: route.timeout.unwrap_or_else(|| app.timeout_of(*mount)),
            min_rate: route.min_rate.or_else(|| app.min_rate_of(*mount)),
            on_disconnect: route
                .on_disconnect
                .unwrap_or_else(|| app.on_disconnect_of(*mount)),
        };
        parameters(app, *mount, route, &info, problems);
        let slash = route
            .trailing_slash
            .unwrap_or_else(|| app.trailing_slash_of(*mount));
        infos.push(Some(info));
        patterns.push(Some((
            pattern,
            RouteOptions::new().trailing_slash(slash).head(route.head),
        )));
    }
    (infos, patterns)
}

/// Path parameters that an extractor wants and the path has not.
fn parameters(
    app: &App,
    mount: usize,
    route: &Route,
    info: &RouteInfo,
    problems: &mut Vec<Problem>,
) {
    let names: Vec<&str> = info.parameters().iter().map(AsRef::as_ref).collect();
    let layers = app
        .layers(mount)
        .chain(&route.middleware)
        .map(Layer::needed);
    for needs in layers.chain([&route.needs]) {
        for need in needs.iter() {
            if let Need::Path(check) = need
                && let Err(text) = check(&names)
            {
                let route_text = describe(route, Some(info));
                problems.push(Problem::PathParameters {
                    route: route_text,
                    text,
                    location: route.location,
                });
            }
        }
    }
}

fn conflicts(
    routes: &[Option<RouteInfo>],
    patterns: &[Option<(Pattern, RouteOptions)>],
    problems: &mut Vec<Problem>,
) {
    let mut builder = RouterBuilder::new();
    let mut locations: Vec<&'static Location<'static>> = Vec::new();
    for (info, pattern) in routes.iter().zip(patterns) {
        if let (Some(info), Some((pattern, options))) = (info, pattern) {
            builder.insert(pattern, info.verb.clone(), *options, ());
            locations.push(info.location);
        }
    }
    for conflict in builder.conflicts() {
        problems.push(Problem::Conflict {
            text: conflict.to_string(),
            locations: [locations[conflict.first], locations[conflict.second]],
        });
    }
}

fn urls(
    app: &App,
    routes: &[Option<RouteInfo>],
    patterns: &[Option<(Pattern, RouteOptions)>],
    problems: &mut Vec<Problem>,
) -> Urls {
    let mut names = Names::new();
    for mount in &app.mounts {
        // Only its own spelling matters here: whether it is taken shows with the names of its routes.
        if let Some(name) = &mount.name
            && let Ok(pattern) = Pattern::parse("/")
            && let Err(error) = Names::new().insert(name, &pattern, 0)
        {
            problems.push(Problem::Malformed {
                text: error.to_string(),
                location: mount.location,
            });
        }
    }
    for (number, (info, pattern)) in routes.iter().zip(patterns).enumerate() {
        let (Some(info), Some((pattern, _))) = (info, pattern) else {
            continue;
        };
        let Some(name) = &info.name else { continue };
        let first = names
            .iter()
            .find(|(other, ..)| other == name)
            .map(|(_, pattern, number)| (pattern.clone(), number));
        match (first, names.insert(name, pattern, number)) {
            // One resource with several methods may carry its name on each of them.
            (Some((other, _)), Err(_)) if other.as_str() == pattern.as_str() => {}
            (Some((_, first)), Err(_)) => problems.push(Problem::DuplicateName {
                name: name.clone(),
                locations: [app.routes[first].1.location, info.location],
            }),
            (None, Err(error)) => {
                problems.push(Problem::Malformed {
                    text: error.to_string(),
                    location: info.location,
                });
            }
            (_, Ok(())) => {}
        }
    }
    Urls::new(names)
}

/// State that is needed and that `has` does not find for the app of that number.
pub(super) fn missing_state(app: &App, has: impl Fn(usize, TypeKey) -> bool) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut report = |needs: &Needs, mount: usize, needed_by: &dyn Fn() -> String, location| {
        let mut seen = HashSet::new();
        for need in needs.iter() {
            if let Need::State(key) = need
                && seen.insert(*key)
                && !has(mount, *key)
            {
                problems.push(Problem::MissingState {
                    needed_by: needed_by(),
                    state: *key,
                    location,
                });
            }
        }
    };
    for (number, mount) in app.mounts.iter().enumerate() {
        for layer in &mount.middleware {
            report(
                layer.needed(),
                number,
                &|| format!("middleware `{}`", layer.name()),
                mount.location,
            );
        }
        for route in &mount.fallback_routes {
            report(
                &route.needs,
                number,
                &|| describe(route, None),
                route.location,
            );
        }
    }
    for (mount, route) in &app.routes {
        let describe = || describe(route, None);
        for layer in &route.middleware {
            let by = || format!("middleware `{}` of {}", layer.name(), describe());
            report(layer.needed(), *mount, &by, route.location);
        }
        report(&route.needs, *mount, &describe, route.location);
    }
    problems
}

/// Middleware whose settings cannot be.
fn settings(app: &App, problems: &mut Vec<Problem>) {
    let of_apps = app
        .mounts
        .iter()
        .map(|mount| (&mount.middleware, mount.location));
    let of_routes = app
        .routes
        .iter()
        .map(|(_, route)| (&route.middleware, route.location));
    for (layers, location) in of_apps.chain(of_routes) {
        for layer in layers {
            problems.extend(layer.problem().map(|text| Problem::Middleware {
                name: layer.name().to_owned(),
                text: text.to_owned(),
                location,
            }));
        }
    }
}

/// Extensions that are needed and that no middleware outside provides.
fn extensions(app: &App, mount: usize, route: &Route, problems: &mut Vec<Problem>) {
    let mut provided: HashSet<TypeKey> = HashSet::new();
    let mut report =
        |needs: &Needs, provided: &HashSet<TypeKey>, needed_by: &dyn Fn() -> String| {
            for need in needs.iter() {
                if let Need::Extension(key) = need
                    && !provided.contains(key)
                {
                    let (needed_by, extension) = (needed_by(), *key);
                    problems.push(Problem::MissingExtension {
                        needed_by,
                        extension,
                        location: route.location,
                    });
                }
            }
        };
    let describe = || describe(route, None);
    for layer in app.layers(mount).chain(&route.middleware) {
        let by = || format!("middleware `{}` of {}", layer.name(), describe());
        report(layer.needed(), &provided, &by);
        provided.extend(layer.provided());
    }
    report(&route.needs, &provided, &describe);
}

/// The app of a number and all that are mounted in it, at whatever depth.
pub(super) fn inside(app: &App, number: usize) -> impl Iterator<Item = usize> {
    let parents = |inner| std::iter::successors(Some(inner), |&at: &usize| app.mounts[at].parent);
    (number..app.mounts.len()).filter(move |&inner| parents(inner).any(|at| at == number))
}

fn describe(route: &Route, info: Option<&RouteInfo>) -> String {
    let handler = route.handler;
    match info {
        Some(info) => format!("route `{info}` (handler `{handler}`)"),
        None if route.path.is_empty() => format!("fallback `{handler}`"),
        None => format!(
            "route `{} {}` (handler `{handler}`)",
            route.verb, route.path
        ),
    }
}

impl Mount {
    fn may_provide(&self, key: TypeKey) -> bool {
        self.state.has(key)
            || self.steps.resources.iter().any(|resource| match &resource.provides {
                Some(promised) => promised.contains(&key),
                None => true,
            })
            // A start-up hook may provide state as well, and promises nothing.
            || !self.steps.startup.is_empty()
    }
}

/// What an app inherits from those it is mounted in.
impl App {
    /// The app of a number and those that it is mounted in, innermost first.
    pub(super) fn ancestry(&self, number: usize) -> impl Iterator<Item = &Mount> {
        std::iter::successors(Some(&self.mounts[number]), |mount| {
            Some(&self.mounts[mount.parent?])
        })
    }

    /// The middleware around everything in an app, outermost first.
    pub(super) fn layers(&self, number: usize) -> impl Iterator<Item = &Layer> {
        let apps: Vec<&Mount> = self.ancestry(number).collect();
        apps.into_iter().rev().flat_map(|mount| &mount.middleware)
    }

    fn fallbacks(&self) -> impl Iterator<Item = (usize, &Route)> {
        let mounts = self.mounts.iter().enumerate();
        mounts.flat_map(|(number, mount)| {
            mount
                .fallback_routes
                .iter()
                .map(move |route| (number, route))
        })
    }

    /// Whether an app has state of a type, or has a resource that may yet provide it.
    fn may_have(&self, number: usize, key: TypeKey) -> bool {
        self.ancestry(number).any(|mount| mount.may_provide(key))
    }

    /// Whether an app itself has state of a type, or has a resource that may yet provide it.
    fn may_provide(&self, number: usize, key: TypeKey) -> bool {
        self.mounts[number].may_provide(key)
    }

    fn full_name(&self, number: usize, name: &str) -> String {
        let mut parts: Vec<&str> = self
            .ancestry(number)
            .filter_map(|mount| mount.name.as_deref())
            .collect();
        // The root is not mounted: its name is not a part of anything.
        if self.mounts[0].name.is_some() {
            parts.pop();
        }
        parts.reverse();
        parts.push(name);
        parts.join(".")
    }

    pub(super) fn body_limit_of(&self, number: usize) -> Option<usize> {
        self.ancestry(number)
            .find_map(|mount| mount.body_limit)
            .unwrap_or(Some(DEFAULT_BODY_LIMIT))
    }

    fn min_rate_of(&self, number: usize) -> Option<Option<u32>> {
        self.ancestry(number).find_map(|mount| mount.min_rate)
    }

    fn timeout_of(&self, number: usize) -> Option<Duration> {
        self.ancestry(number)
            .find_map(|mount| mount.timeout)
            .flatten()
    }

    fn on_disconnect_of(&self, number: usize) -> OnDisconnect {
        self.ancestry(number)
            .find_map(|mount| mount.on_disconnect)
            .unwrap_or_default()
    }

    fn trailing_slash_of(&self, number: usize) -> TrailingSlash {
        self.ancestry(number)
            .find_map(|mount| mount.trailing_slash)
            .unwrap_or_default()
    }

    pub(super) fn debug_of(&self, number: usize) -> bool {
        self.ancestry(number)
            .find_map(|mount| mount.debug)
            .unwrap_or_default()
    }

    pub(super) fn on_error_of(&self, number: usize) -> Option<super::ErrorHook> {
        self.ancestry(number)
            .find_map(|mount| mount.on_error.clone())
    }

    /// The hooks of all apps around, outermost first.
    pub(super) fn on_response_of(&self, number: usize) -> Box<[super::ResponseHook]> {
        let apps: Vec<&Mount> = self.ancestry(number).collect();
        let hooks = apps.into_iter().rev().flat_map(|mount| &mount.on_response);
        hooks.cloned().collect()
    }

    pub(super) fn fallback_of(&self, number: usize) -> Option<super::unrouted::SharedEndpoint> {
        self.ancestry(number)
            .find_map(|mount| mount.fallback.clone())
    }

    pub(super) fn method_not_allowed_of(
        &self,
        number: usize,
    ) -> Option<super::unrouted::SharedEndpoint> {
        self.ancestry(number)
            .find_map(|mount| mount.method_not_allowed.clone())
    }
}
