/// Writes what the middleware of each scheme has: its settings, and its place around an app.
///
/// A macro, since each is a type of its own, whose name messages show.
macro_rules! settings {
    ($name:ident) => {
        impl<P: Clone + Send + Sync + 'static> $name<P> {
            /// Sets the realm, the name of what is protected: visible ASCII characters and spaces. Browsers show it.
            ///
            /// Default: `restricted`. What cannot be sent is a problem that [`App::check`](crate::App::check) lists.
            #[must_use]
            pub fn realm(mut self, realm: impl Into<std::sync::Arc<str>>) -> Self {
                self.sign_in.realm = realm.into();
                self
            }

            /// Sets whether requests without credentials go on, without a principal. Those that are not valid are refused in any
            /// case.
            ///
            /// A 401 from further in then says how to sign in. With two schemes both are optional, and
            /// [`Require::signed_in`](crate::middleware::Require::signed_in) stands inside them. Default: `false`.
            #[must_use]
            pub fn optional(mut self, optional: bool) -> Self {
                self.sign_in.optional = optional;
                self
            }
        }

        impl<P: Clone + Send + Sync + 'static>
            $crate::middleware::IntoMiddleware<$crate::middleware::into::ViaSettings> for $name<P>
        {
            type Output = wharf_http::Response;
            type Future = std::future::Ready<wharf_http::Response>;
            type Arguments = ();

            fn into_layer(self) -> $crate::middleware::Layer {
                self.sign_in.into_layer::<Self>()
            }
        }

        impl<P> Clone for $name<P> {
            fn clone(&self) -> Self {
                Self {
                    sign_in: self.sign_in.clone(),
                }
            }
        }

        impl<P> std::fmt::Debug for $name<P> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("realm", &self.sign_in.realm)
                    .field("optional", &self.sign_in.optional)
                    .finish_non_exhaustive()
            }
        }
    };
}

pub(super) use settings;
