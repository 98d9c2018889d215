//! What a test puts in the place of what an app has: state and resources.

use std::panic::Location;

use super::App;
use super::check::inside;
use crate::check::Problem;
use crate::extract::TypeKey;
use crate::lifecycle::{IntoResource, Resource};
use crate::state::StateMap;

/// What stands in for something else, in one app and those mounted in it.
#[derive(Default)]
pub(super) struct Overrides {
    state: StateMap,
    /// Which state was overridden, and where that was written.
    written: Vec<(TypeKey, &'static Location<'static>)>,
    pub(super) resources: Vec<Replacement>,
}

/// A resource that is entered in place of the one of that name.
pub(super) struct Replacement {
    name: String,
    resource: Resource,
    location: &'static Location<'static>,
}

impl App {
    /// Puts `value` in the place of the state of its type, for tests: wherever this app or one mounted in it provides a `T`,
    /// with [`provide`](Self::provide) or in a resource, before this call or after it, it is `value` that handlers see.
    ///
    /// What provides nothing goes on inheriting from the app that it is mounted in. An override written on a mounted app holds
    /// for that one alone and counts more than one written on the app around it.
    ///
    /// A resource that provides a `T` is entered all the same, and its `T` is dropped: see
    /// [`override_resource`](Self::override_resource) for one that must not be entered. State that nobody provides cannot be
    /// overridden: [`check`](Self::check) says so, or the start where only a resource could have told.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_core::{App, State, get};
    ///
    /// struct Mailer(&'static str);
    ///
    /// fn app() -> App {
    ///     let sends = async |mailer: State<Mailer>| mailer.0;
    ///     App::new().provide(Mailer("over SMTP")).routes([get("/", sends)])
    /// }
    ///
    /// assert!(app().override_state(Mailer("into a list")).check().is_ok());
    /// // A slip of the pen is found out: this is another type.
    /// let error = app().override_state("into a list").check().unwrap_err();
    /// assert!(error.to_string().contains("is overridden, but nobody provides it"));
    /// ```
    #[track_caller]
    pub fn override_state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        let location = Location::caller();
        let own = &mut self.own().overrides;
        own.state.insert(value);
        own.written.push((TypeKey::of::<T>(), location));
        self
    }

    /// Enters `resource` in the place of the one of that name, of this app or of one mounted in it, for tests. The other one is
    /// never entered.
    ///
    /// A resource is named after its function, unless [`Resource::name`] says otherwise. A name that no resource has, or more
    /// than one, is an error of [`check`](Self::check).
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_core::{App, BoxError, Cleanup, Setup};
    ///
    /// async fn database(setup: Setup) -> Result<impl Cleanup, BoxError> {
    ///     setup.provide("a database on disk".to_owned());
    ///     Ok(())
    /// }
    ///
    /// async fn in_memory(setup: Setup) -> Result<impl Cleanup, BoxError> {
    ///     setup.provide("a database in memory".to_owned());
    ///     Ok(())
    /// }
    ///
    /// let app = || App::new().resource(database);
    /// assert!(app().override_resource("database", in_memory).check().is_ok());
    /// let error = app().override_resource("databse", in_memory).check().unwrap_err();
    /// assert!(error.to_string().contains("there are: `database`"));
    /// ```
    #[track_caller]
    pub fn override_resource<M>(
        mut self,
        name: impl Into<String>,
        resource: impl IntoResource<M>,
    ) -> Self {
        let replacement = Replacement {
            name: name.into(),
            resource: resource.into_resource(),
            location: Location::caller(),
        };
        self.own().overrides.resources.push(replacement);
        self
    }

    /// Finds overrides of what is not there; `may_have` tells whether an app may yet provide state of a type.
    pub(super) fn check_overrides(
        &self,
        may_have: impl Fn(usize, TypeKey) -> bool,
        problems: &mut Vec<Problem>,
    ) {
        for (number, mount) in self.mounts.iter().enumerate() {
            let overrides = &mount.overrides;
            for &(state, location) in &overrides.written {
                if !inside(self, number).any(|inner| may_have(inner, state)) {
                    problems.push(Problem::UnknownState { state, location });
                }
            }
            for replacement in &overrides.resources {
                let name = &replacement.name;
                let names = inside(self, number)
                    .flat_map(|inner| &self.mounts[inner].steps.resources)
                    .map(|resource| resource.name.clone());
                let names: Vec<String> = names.collect();
                let found = names.iter().filter(|other| *other == name).count();
                if found != 1 {
                    problems.push(Problem::UnknownResource {
                        name: name.clone(),
                        names,
                        location: replacement.location,
                    });
                }
            }
        }
    }

    /// Puts the resources that stand in for others into their places. To be called when the check has found no fault.
    pub(super) fn replace_resources(&mut self) {
        for number in 0..self.mounts.len() {
            let replacements = std::mem::take(&mut self.mounts[number].overrides.resources);
            for replacement in replacements {
                let inner: Vec<usize> = inside(self, number).collect();
                let place = inner
                    .into_iter()
                    .flat_map(|inner| {
                        (0..self.mounts[inner].steps.resources.len()).map(move |at| (inner, at))
                    })
                    .find(|&(inner, at)| {
                        self.mounts[inner].steps.resources[at].name == replacement.name
                    });
                if let Some((inner, at)) = place {
                    let resource = replacement.resource.name(replacement.name);
                    self.mounts[inner].steps.resources[at] = resource;
                }
            }
        }
    }

    /// The state that stands in for other state in an app: what was written on it, then on those around it.
    pub(super) fn overrides_of(&self, number: usize) -> StateMap {
        let mut all = StateMap::default();
        for mount in self.ancestry(number) {
            all.inherit(&mount.overrides.state);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use wharf_http::{Body, BoxError, Request};

    use super::*;
    use crate::lifecycle::{Setup, resource};
    use crate::{State, get};

    struct Mailer(&'static str);

    async fn mailer(mailer: State<Mailer>) -> &'static str {
        mailer.0
    }

    fn app() -> App {
        App::new().routes([get("/", mailer)])
    }

    async fn smtp(setup: Setup) -> Result<(), BoxError> {
        setup.provide(Mailer("SMTP"));
        Ok(())
    }

    async fn text(app: App, path: &'static str) -> String {
        let running = app.start().await.unwrap();
        let request = Request::new(Body::empty());
        let (mut head, body) = request.into_parts();
        head.uri = http::Uri::from_static(path);
        let mut response = running.handle(Request::from_parts(head, body)).await;
        let bytes = response.body_mut().bytes(None).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn state_is_overridden_whoever_provides_it_and_whenever() {
        let list = || Mailer("list");
        let provided = app().provide(Mailer("SMTP"));
        assert_eq!(text(provided.override_state(list()), "/").await, "list");
        let later = app().override_state(list()).provide(Mailer("SMTP"));
        assert_eq!(text(later, "/").await, "list");
        let by_resource = app().resource(smtp).override_state(list());
        assert_eq!(text(by_resource, "/").await, "list");
        let in_between = app()
            .resource(smtp)
            .resource(async |setup: Setup| {
                assert_eq!(setup.state::<Mailer>()?.0, "list");
                Ok::<_, BoxError>(())
            })
            .override_state(list());
        assert_eq!(text(in_between, "/").await, "list");
    }

    #[tokio::test]
    async fn state_is_overridden_in_mounted_apps_that_provide_it_and_in_those_that_inherit_it() {
        let own = || app().provide(Mailer("its own"));
        let whole = || {
            let inner = app().mount("/deep", own());
            app().provide(Mailer("SMTP")).mount("/in", inner)
        };
        assert_eq!(text(whole(), "/in").await, "SMTP");
        assert_eq!(text(whole(), "/in/deep").await, "its own");
        for path in ["/", "/in", "/in/deep"] {
            let overridden = whole().override_state(Mailer("list"));
            assert_eq!(text(overridden, path).await, "list", "{path}");
        }
        // One on the mounted app holds for that one, and counts more there.
        let two = || {
            app()
                .provide(Mailer("SMTP"))
                .mount("/in", own().override_state(Mailer("near")))
                .override_state(Mailer("far"))
        };
        assert_eq!(text(two(), "/").await, "far");
        assert_eq!(text(two(), "/in").await, "near");
        let one = app()
            .provide(Mailer("SMTP"))
            .mount("/in", own().override_state(Mailer("near")));
        assert_eq!(text(one, "/").await, "SMTP");
    }

    #[tokio::test]
    async fn an_override_of_nothing_is_found_out() {
        let error = app()
            .provide(Mailer("SMTP"))
            .override_state(7_u8)
            .check()
            .unwrap_err();
        assert_eq!(error.problems().len(), 1);
        let text = error.to_string();
        assert!(
            text.contains("state `u8` is overridden, but nobody provides it (crates/wharf-core/src/app/overrides.rs:"),
            "{text}"
        );
        // One app provides it, and the override was written on another one.
        let beside = App::new().mount("/a", app().provide(Mailer("SMTP")));
        let beside = beside.mount("/b", App::new().override_state(Mailer("list")));
        assert!(beside.check().is_err());
        // A resource may provide anything, so that only the start can tell.
        let app = app().resource(smtp).override_state(7_u8);
        assert!(app.check().is_ok());
        let error = app.start().await.unwrap_err();
        assert_eq!(error.check().unwrap().problems().len(), 1);
        assert!(error.to_string().contains("state `u8` is overridden"));
    }

    #[tokio::test]
    async fn a_resource_that_is_overridden_is_never_entered() {
        let entered = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&entered);
        let counting = resource(async move |setup: Setup| {
            counter.fetch_add(1, Ordering::Relaxed);
            smtp(setup).await
        });
        let list = async |setup: Setup| {
            setup.provide(Mailer("list"));
            Ok::<_, BoxError>(())
        };
        let whole = App::new().mount("/in", app().resource(counting.name("mail")));
        let whole = whole.override_resource("mail", list);
        assert_eq!(text(whole, "/in").await, "list");
        assert_eq!(entered.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn an_override_of_a_resource_keeps_its_place_in_the_order() {
        let later = async |setup: Setup| {
            assert_eq!(setup.state::<Mailer>()?.0, "list");
            Ok::<_, BoxError>(())
        };
        let list = async |setup: Setup| {
            setup.provide(Mailer("list"));
            Ok::<_, BoxError>(())
        };
        let whole = app().resource(smtp).resource(later);
        assert_eq!(
            text(whole.override_resource("smtp", list), "/").await,
            "list"
        );
    }

    #[test]
    fn a_resource_has_to_be_named_without_doubt() {
        let nothing = async |_: Setup| Ok::<_, BoxError>(());
        let message = |app: App| app.override_resource("mail", nothing).check().unwrap_err();
        let error = message(app().resource(smtp)).to_string();
        assert!(
            error.contains("resource `mail` is overridden, but there is none (crates/"),
            "{error}"
        );
        assert!(error.ends_with("; there are: `smtp`"), "{error}");
        let error = message(App::new()).to_string();
        assert!(error.ends_with(')'), "{error}");
        let twice = app().resource(resource(smtp).name("mail"));
        let twice = twice.resource(resource(smtp).name("mail"));
        let error = message(twice).to_string();
        assert!(error.contains("but there are 2 of that name"), "{error}");
    }
}
