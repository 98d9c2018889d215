use std::sync::Arc;

use minijinja::value::{Rest, Serde, Value};
use minijinja::{Error, ErrorKind};
use serde_core::Serialize;
use serde_core::de::DeserializeOwned;
use wharf_http::BoxError;

/// What templates can call: a function of one to four values that can be deserialized, which gives one that can be serialized.
///
/// `A` is the arguments as a tuple; it is inferred. Arguments at the end that may be missing are `Option`s.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be called by templates",
    label = "write `|name: String, count: u64| Ok(..)`: a closure of one to four owned values, which gives a `Result<_, BoxError>`"
)]
pub trait TemplateFunction<A: DeserializeOwned>: Send + Sync + 'static {
    /// What it gives when it succeeds.
    type Output: Serialize;
    /// How many arguments it takes.
    const COUNT: usize;

    /// Calls the function.
    ///
    /// # Errors
    ///
    /// What the function itself says; it becomes an error of the template that called it.
    fn call(&self, arguments: A) -> Result<Self::Output, BoxError>;
}

/// A function whatever its arguments are.
pub(super) type SharedFunction = Arc<dyn Fn(Rest<Value>) -> Result<Value, Error> + Send + Sync>;

pub(super) fn shared<A, F>(function: F) -> SharedFunction
where
    A: DeserializeOwned,
    F: TemplateFunction<A>,
{
    Arc::new(move |Rest(mut given): Rest<Value>| {
        if given.len() > F::COUNT {
            return Err(Error::from(ErrorKind::TooManyArguments));
        }
        let missing = given.len() < F::COUNT;
        // What is missing is like `none`, of which only an `Option` can be made.
        given.resize(F::COUNT, Value::from(()));
        let arguments = A::deserialize(Value::from(given)).map_err(|error| match missing {
            true => Error::from(ErrorKind::MissingArgument).with_source(error),
            false => error,
        })?;
        match function.call(arguments) {
            Ok(value) => Ok(Value::from(Serde(value))),
            Err(error) => Err(Error::new(ErrorKind::InvalidOperation, error.to_string())),
        }
    })
}

macro_rules! functions {
    ($count:literal: $($part:ident)+) => {
        impl<F, R, $($part),+> TemplateFunction<($($part,)+)> for F
        where
            F: Fn($($part),+) -> Result<R, BoxError> + Send + Sync + 'static,
            R: Serialize,
            $($part: DeserializeOwned,)+
        {
            type Output = R;
            const COUNT: usize = $count;

            #[expect(non_snake_case, reason = "the values are named like their types")]
            fn call(&self, ($($part,)+): ($($part,)+)) -> Result<R, BoxError> {
                self($($part),+)
            }
        }
    };
}

functions!(1: A1);
functions!(2: A1 A2);
functions!(3: A1 A2 A3);
functions!(4: A1 A2 A3 A4);
