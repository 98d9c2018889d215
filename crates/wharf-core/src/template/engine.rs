use std::collections::BTreeSet;

use minijinja::value::{Rest, Value};
use minijinja::{Environment, UndefinedBehavior};

use super::function::SharedFunction;
use super::references::references;
use super::{Rendered, TemplateError, kind};

/// What templates have, wherever they come from.
#[derive(Clone, Default)]
pub(super) struct Extras {
    pub(super) filters: Vec<(String, SharedFunction)>,
    pub(super) functions: Vec<(String, SharedFunction)>,
    pub(super) globals: Vec<(String, Value)>,
    pub(super) lenient: bool,
}

/// All templates, parsed.
pub(super) struct Engine {
    environment: Environment<'static>,
}

impl Engine {
    /// Parses templates, each a name and a text.
    ///
    /// # Errors
    ///
    /// All that do not parse, and all that name templates which are not there.
    pub(super) fn new(
        texts: Vec<(String, String)>,
        extras: &Extras,
    ) -> Result<Self, Vec<TemplateError>> {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(kind::auto_escape);
        environment.set_undefined_behavior(match extras.lenient {
            true => UndefinedBehavior::Lenient,
            false => UndefinedBehavior::SemiStrict,
        });
        for (name, function) in extras.filters.iter().cloned() {
            environment.add_filter(name, move |arguments: Rest<Value>| function(arguments));
        }
        for (name, function) in extras.functions.iter().cloned() {
            environment.add_function(name, move |arguments: Rest<Value>| function(arguments));
        }
        for (name, value) in extras.globals.iter().cloned() {
            environment.add_global(name, value);
        }
        let mut errors = Vec::new();
        // One that does not parse is there all the same: one mistake, one error.
        let names: BTreeSet<String> = texts.iter().map(|(name, _)| name.clone()).collect();
        for (name, text) in texts {
            if let Err(error) = environment.add_template_owned(name, text) {
                errors.push(error.into());
            }
        }
        for (template, parsed) in environment.templates() {
            let missing = references(parsed.source())
                .into_iter()
                .filter(|reference| !reference.names.iter().any(|name| names.contains(*name)));
            errors.extend(missing.map(|reference| TemplateError::missing(template, reference)));
        }
        if errors.is_empty() {
            Ok(Self { environment })
        } else {
            Err(errors)
        }
    }

    pub(super) fn render(&self, name: &str, context: Value) -> Result<Rendered, TemplateError> {
        let text = self.environment.get_template(name)?.render(context)?;
        Ok(Rendered {
            text,
            media_type: kind::media_type(name),
        })
    }
}
