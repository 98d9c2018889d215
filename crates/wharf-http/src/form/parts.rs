use serde::Serialize;
use serde::ser;

use super::FormError;
use super::writer::{Place, Writer};

/// Writes what has parts, one part at a time.
pub(super) struct Parts<'a> {
    form: &'a mut String,
    kind: Kind<'a>,
}

pub(super) enum Kind<'a> {
    /// All fields as a list of pairs.
    Pairs,
    /// One field as a pair: its name when that was written, and whether the value was.
    Pair(Option<String>, bool),
    /// The values of one field.
    Members(&'a str),
    /// All fields by name; the last name.
    Fields(String),
}

impl<'a> Parts<'a> {
    pub(super) fn new(form: &'a mut String, kind: Kind<'a>) -> Self {
        Self { form, kind }
    }

    fn part<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), FormError> {
        let form = &mut *self.form;
        match &mut self.kind {
            Kind::Pairs => value.serialize(Writer::new(form, Place::Pair)),
            Kind::Pair(name @ None, _) => self::name(value).map(|text| *name = Some(text)),
            Kind::Pair(Some(name), complete @ false) => {
                *complete = true;
                field(form, name, value)
            }
            Kind::Pair(..) => Err(no_pair()),
            Kind::Members(name) => {
                let written = value.serialize(Writer::new(form, Place::Member(name)));
                written.map_err(|error| error.at(name))
            }
            Kind::Fields(name) => field(form, name, value),
        }
    }

    fn end(self) -> Result<(), FormError> {
        match self.kind {
            Kind::Pair(_, false) => Err(no_pair()),
            _ => Ok(()),
        }
    }
}

fn no_pair() -> FormError {
    FormError::new("it is a list, expected a pair of name and value")
}

fn name<T: Serialize + ?Sized>(value: &T) -> Result<String, FormError> {
    let mut name = String::new();
    value.serialize(Writer::new(&mut String::new(), Place::Name(&mut name)))?;
    Ok(name)
}

fn field<T: Serialize + ?Sized>(form: &mut String, name: &str, value: &T) -> Result<(), FormError> {
    let written = value.serialize(Writer::new(form, Place::Value(name)));
    written.map_err(|error| error.at(name))
}

impl ser::SerializeSeq for Parts<'_> {
    type Ok = ();
    type Error = FormError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), FormError> {
        self.part(value)
    }

    fn end(self) -> Result<(), FormError> {
        self.end()
    }
}

impl ser::SerializeTuple for Parts<'_> {
    type Ok = ();
    type Error = FormError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), FormError> {
        self.part(value)
    }

    fn end(self) -> Result<(), FormError> {
        self.end()
    }
}

impl ser::SerializeTupleStruct for Parts<'_> {
    type Ok = ();
    type Error = FormError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), FormError> {
        self.part(value)
    }

    fn end(self) -> Result<(), FormError> {
        self.end()
    }
}

impl ser::SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = FormError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), FormError> {
        self.kind = Kind::Fields(name(key)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), FormError> {
        self.part(value)
    }

    fn end(self) -> Result<(), FormError> {
        self.end()
    }
}

impl ser::SerializeStruct for Parts<'_> {
    type Ok = ();
    type Error = FormError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), FormError> {
        field(self.form, key, value)
    }

    fn end(self) -> Result<(), FormError> {
        self.end()
    }
}
