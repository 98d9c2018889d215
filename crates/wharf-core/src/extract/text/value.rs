use std::slice;

use serde_core::de::value::{BorrowedStrDeserializer, BytesDeserializer};
use serde_core::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};

use super::hints::{Hints, Reading};
use super::{Given, Kind, TextError};

/// The texts of one name, to be made into one value.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    pub(super) name: &'a str,
    pub(super) texts: &'a [Given<'a>],
    pub(super) hints: &'a Hints,
    pub(super) role: Role,
}

/// The type under whose name an upload asks for a file.
pub(in crate::extract) const UPLOAD: &str = "$wharf::Upload";

/// What a file looks like to serde: its number, behind a byte that no text has.
fn token(number: u32) -> [u8; 5] {
    let [a, b, c, d] = number.to_be_bytes();
    [0xff, a, b, c, d]
}

/// Where a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Under its name.
    Field,
    /// In a list of the texts of one name.
    Element,
    /// In a list of all texts, where a pair of values is made of name and text.
    Pair,
}

impl<'a> Value<'a> {
    fn text(&self) -> Result<&'a str, TextError> {
        match self.texts {
            [] => Err(TextError::new(Kind::Missing).of(self.name)),
            [Given { file: Some(_), .. }] => Err(TextError::new(Kind::File).of(self.name)),
            [given] => Ok(given.text),
            texts => Err(TextError::new(Kind::Repeated(texts.len())).of(self.name)),
        }
    }

    fn invalid(&self, text: &str, expected: &str) -> TextError {
        let (given, expected) = (Some(text.to_owned()), expected.to_owned());
        TextError::new(Kind::Invalid { given, expected }).of(self.name)
    }

    fn list<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_seq(List { of: self })
    }

    /// Reads a text of which no type is known.
    fn any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, TextError> {
        let [Given { text, file, .. }] = self.texts else {
            return self.list(visitor);
        };
        if let Some(number) = file {
            return match self.hints.reading(self.name) {
                Reading { list: true, .. } if self.role == Role::Field => self.list(visitor),
                _ => visitor.visit_bytes(&token(*number)),
            };
        }
        match self.hints.reading(self.name) {
            Reading { list: true, .. } if self.role == Role::Field => self.list(visitor),
            Reading { scalar: true, .. } => self.scalar(text, visitor),
            _ if self.hints.is_traced(text) => visitor.visit_borrowed_str(self.name),
            _ => visitor.visit_borrowed_str(text),
        }
    }

    fn scalar<V: Visitor<'a>>(self, text: &'a str, visitor: V) -> Result<V::Value, TextError> {
        if let Ok(number) = text.parse() {
            visitor.visit_u64(number)
        } else if let Ok(number) = text.parse() {
            visitor.visit_i64(number)
        } else if let Ok(number) = text.parse() {
            visitor.visit_f64(number)
        } else {
            match text {
                "" => visitor.visit_unit(),
                "true" | "on" => visitor.visit_bool(true),
                "false" => visitor.visit_bool(false),
                _ => visitor.visit_borrowed_str(text),
            }
        }
    }
}

macro_rules! parsed {
    ($($method:ident $visit:ident $type:ident;)*) => {
        $(
            fn $method<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, TextError> {
                let text = self.text()?;
                match text.parse::<$type>() {
                    Ok(number) => visitor.$visit(number),
                    Err(_) => Err(self.invalid(text, stringify!($type))),
                }
            }
        )*
    };
}

impl<'a> Deserializer<'a> for Value<'a> {
    type Error = TextError;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, TextError> {
        self.any(visitor)
    }

    parsed! {
        deserialize_i8 visit_i8 i8;
        deserialize_i16 visit_i16 i16;
        deserialize_i32 visit_i32 i32;
        deserialize_i64 visit_i64 i64;
        deserialize_i128 visit_i128 i128;
        deserialize_u8 visit_u8 u8;
        deserialize_u16 visit_u16 u16;
        deserialize_u32 visit_u32 u32;
        deserialize_u64 visit_u64 u64;
        deserialize_u128 visit_u128 u128;
        deserialize_f32 visit_f32 f32;
        deserialize_f64 visit_f64 f64;
        deserialize_char visit_char char;
    }

    /// `on` is what browsers send for a ticked box.
    fn deserialize_bool<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, TextError> {
        match self.text()? {
            "true" | "on" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            text => Err(self.invalid(text, "`true` or `false`")),
        }
    }

    fn deserialize_str<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_string<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, TextError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, TextError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_borrowed_bytes(self.text()?.as_bytes())
    }

    fn deserialize_byte_buf<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, TextError> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, TextError> {
        if self.texts.is_empty() {
            return visitor.visit_none();
        }
        let empty = matches!(self.texts, [given] if given.text.is_empty() && given.file.is_none());
        if empty && self.hints.is_absent(self.name) {
            return visitor.visit_none();
        }
        // A form sends an empty text for what was left blank: good for a `String`, nothing to make a number of.
        visitor.visit_some(self).map_err(|error| match empty {
            true => TextError::new(Kind::EmptyOption).of(self.name),
            false => error,
        })
    }

    fn deserialize_unit<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, TextError> {
        match self.text()? {
            "" => visitor.visit_unit(),
            text => Err(self.invalid(text, "nothing")),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'a>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, TextError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, TextError> {
        if name == UPLOAD {
            return match self.texts {
                [
                    Given {
                        file: Some(number), ..
                    },
                ] => visitor.visit_newtype_struct(BytesDeserializer::new(&token(*number))),
                [_] => Err(TextError::new(Kind::NoFile).of(self.name)),
                _ => Err(self
                    .text()
                    .err()
                    .unwrap_or_else(|| TextError::new(Kind::NoFile))),
            };
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, TextError> {
        self.list(visitor)
    }

    fn deserialize_tuple<V: Visitor<'a>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, TextError> {
        if self.role == Role::Pair && len == 2 {
            return visitor.visit_seq(NameAndText {
                name: Some(self.name),
                text: Some(Value {
                    role: Role::Element,
                    ..self
                }),
            });
        }
        if self.texts.len() != len {
            let there = self.texts.len();
            return Err(TextError::new(Kind::Arity { wanted: len, there }).of(self.name));
        }
        self.list(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'a>>(
        self,
        _name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, TextError> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TextError> {
        visitor.visit_enum(BorrowedStrDeserializer::new(self.text()?))
    }

    fn deserialize_map<V: Visitor<'a>>(self, _visitor: V) -> Result<V::Value, TextError> {
        Err(TextError::new(Kind::Unsupported("a map")).of(self.name))
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, TextError> {
        Err(TextError::new(Kind::Unsupported("a struct")).of(self.name))
    }

    fn deserialize_ignored_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_unit()
    }
}

/// The texts of one name, one by one.
struct List<'a> {
    of: Value<'a>,
}

impl<'a> SeqAccess<'a> for List<'a> {
    type Error = TextError;

    fn next_element_seed<S: DeserializeSeed<'a>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, TextError> {
        let Some((first, rest)) = self.of.texts.split_first() else {
            return Ok(None);
        };
        self.of.texts = rest;
        let element = Value {
            texts: slice::from_ref(first),
            role: Role::Element,
            ..self.of
        };
        seed.deserialize(element)
            .map(Some)
            .map_err(|error| error.of(self.of.name))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.of.texts.len())
    }
}

/// A name, and then its text.
struct NameAndText<'a> {
    name: Option<&'a str>,
    text: Option<Value<'a>>,
}

impl<'a> SeqAccess<'a> for NameAndText<'a> {
    type Error = TextError;

    fn next_element_seed<S: DeserializeSeed<'a>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, TextError> {
        if let Some(name) = self.name.take() {
            return seed
                .deserialize(BorrowedStrDeserializer::new(name))
                .map(Some);
        }
        let Some(text) = self.text.take() else {
            return Ok(None);
        };
        let named = |error: TextError| error.of(text.name);
        seed.deserialize(text).map(Some).map_err(named)
    }
}
