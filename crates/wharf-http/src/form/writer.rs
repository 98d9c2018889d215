use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use serde::Serialize;
use serde::ser::{Impossible, Serializer};

use super::FormError;
use super::parts::{Kind, Parts};

/// What is written as it is (URL standard §1.3, the set of forms); a space is a plus sign.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'*')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_');

/// Writes a value into a form, at some place of it.
pub(super) struct Writer<'a> {
    form: &'a mut String,
    place: Place<'a>,
}

pub(super) enum Place<'a> {
    /// The form itself.
    Form,
    /// A member of a list that is the form.
    Pair,
    /// The name of a field.
    Name(&'a mut String),
    /// The value of a field.
    Value(&'a str),
    /// A member of a list that is the value of a field.
    Member(&'a str),
}

impl<'a> Writer<'a> {
    pub(super) fn new(form: &'a mut String, place: Place<'a>) -> Self {
        Self { form, place }
    }

    fn text(self, text: &[u8]) -> Result<(), FormError> {
        match self.place {
            Place::Value(name) | Place::Member(name) => {
                if !self.form.is_empty() {
                    self.form.push('&');
                }
                append(self.form, name.as_bytes());
                self.form.push('=');
                append(self.form, text);
                Ok(())
            }
            Place::Name(name) => match str::from_utf8(text) {
                Ok(text) => {
                    name.push_str(text);
                    Ok(())
                }
                Err(error) => Err(FormError::new(error)),
            },
            Place::Form | Place::Pair => Err(self.refused("a single value")),
        }
    }

    fn nothing(self) -> Result<(), FormError> {
        match self.place {
            Place::Form | Place::Value(_) | Place::Member(_) => Ok(()),
            Place::Pair | Place::Name(_) => Err(self.refused("nothing")),
        }
    }

    fn list(self) -> Result<Parts<'a>, FormError> {
        let kind = match self.place {
            Place::Form => Kind::Pairs,
            Place::Pair => Kind::Pair(None, false),
            Place::Value(name) => Kind::Members(name),
            Place::Name(_) | Place::Member(_) => return Err(self.refused("a list")),
        };
        Ok(Parts::new(self.form, kind))
    }

    fn fields(self, what: &str) -> Result<Parts<'a>, FormError> {
        match self.place {
            Place::Form => Ok(Parts::new(self.form, Kind::Fields(String::new()))),
            _ => Err(self.refused(what)),
        }
    }

    fn refused(&self, what: &str) -> FormError {
        let expected = match self.place {
            Place::Form => "a struct, a map or a list of pairs",
            Place::Pair => "a pair of name and value",
            Place::Name(_) => "a text",
            Place::Value(_) => "a text or a list of texts",
            Place::Member(_) => "a text in the list",
        };
        FormError::new(format_args!("it is {what}, expected {expected}"))
    }
}

fn append(form: &mut String, text: &[u8]) {
    for piece in percent_encode(text, ESCAPED) {
        form.push_str(if piece == "%20" { "+" } else { piece });
    }
}

macro_rules! texts {
    ($($method:ident: $type:ty,)*) => {
        $(fn $method(self, value: $type) -> Result<(), FormError> {
            self.text(value.to_string().as_bytes())
        })*
    };
}

impl<'a> Serializer for Writer<'a> {
    type Ok = ();
    type Error = FormError;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Impossible<(), FormError>;
    type SerializeMap = Parts<'a>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Impossible<(), FormError>;

    texts! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_i128: i128,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_u128: u128,
        serialize_f32: f32,
        serialize_f64: f64,
        serialize_char: char,
    }

    fn serialize_str(self, value: &str) -> Result<(), FormError> {
        self.text(value.as_bytes())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), FormError> {
        self.text(value)
    }

    fn serialize_none(self) -> Result<(), FormError> {
        self.nothing()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), FormError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), FormError> {
        self.nothing()
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), FormError> {
        self.nothing()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), FormError> {
        self.text(variant.as_bytes())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), FormError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _value: &T,
    ) -> Result<(), FormError> {
        Err(self.refused("a variant with data"))
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<Parts<'a>, FormError> {
        self.list()
    }

    fn serialize_tuple(self, _length: usize) -> Result<Parts<'a>, FormError> {
        self.list()
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _length: usize,
    ) -> Result<Parts<'a>, FormError> {
        self.list()
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeTupleVariant, FormError> {
        Err(self.refused("a variant with data"))
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<Parts<'a>, FormError> {
        self.fields("a map")
    }

    fn serialize_struct(self, _name: &'static str, _length: usize) -> Result<Parts<'a>, FormError> {
        self.fields("a struct")
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeStructVariant, FormError> {
        Err(self.refused("a variant with data"))
    }
}
