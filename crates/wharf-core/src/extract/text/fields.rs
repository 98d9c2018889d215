use std::slice;

use serde_core::de::value::BorrowedStrDeserializer;
use serde_core::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::hints::Hints;
use super::value::{Role, Value};
use super::{Given, Kind, Layout, TextError};

/// All names and texts, to be made into one value.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    /// In the order of writing.
    pub(super) written: &'a [Given<'a>],
    /// Those of one name together, in the order of writing.
    pub(super) grouped: &'a [Given<'a>],
    pub(super) layout: Layout,
    pub(super) hints: &'a Hints,
}

impl<'a> Fields<'a> {
    fn map<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_map(Groups {
            of: self,
            rest: self.grouped,
            missing: self.hints.missing().iter(),
            value: None,
        })
    }

    /// The only text, for a type that is made of one.
    fn single(self) -> Result<Value<'a>, TextError> {
        match (self.layout, self.written) {
            (Layout::Path, [given]) => Ok(Value {
                name: given.name,
                texts: self.written,
                hints: self.hints,
                role: Role::Field,
            }),
            (Layout::Path, texts) => Err(self.arity(1, texts.len())),
            (Layout::Form, _) => Err(TextError::new(Kind::Unsupported("a single value"))),
        }
    }

    fn arity(self, wanted: usize, there: usize) -> TextError {
        TextError::new(Kind::Arity { wanted, there })
    }
}

macro_rules! single {
    ($($method:ident)*) => {
        $(
            fn $method<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, TextError> {
                let value = self.single()?;
                value.$method(visitor).map_err(|error| error.of(value.name))
            }
        )*
    };
}

impl<'a> Deserializer<'a> for Fields<'a> {
    type Error = TextError;

    single! {
        deserialize_bool
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64
        deserialize_char deserialize_str deserialize_string deserialize_identifier
        deserialize_bytes deserialize_byte_buf
    }

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, TextError> {
        self.map(visitor)
    }

    fn deserialize_map<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, TextError> {
        self.map(visitor)
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TextError> {
        self.map(visitor)
    }

    fn deserialize_seq<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_seq(All {
            rest: self.written,
            hints: self.hints,
        })
    }

    fn deserialize_tuple<V: Visitor<'a>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, TextError> {
        match self.layout {
            Layout::Path if len == self.written.len() => self.deserialize_seq(visitor),
            Layout::Path => Err(self.arity(len, self.written.len())),
            Layout::Form => Err(TextError::new(Kind::Unsupported("a tuple"))),
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'a>>(
        self,
        _name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, TextError> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, TextError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, TextError> {
        match self.written {
            [] => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TextError> {
        let value = self.single()?;
        value
            .deserialize_enum(name, variants, visitor)
            .map_err(|error| error.of(value.name))
    }

    fn deserialize_unit<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'a>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, TextError> {
        visitor.visit_unit()
    }

    fn deserialize_ignored_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_unit()
    }
}

/// Each name with its texts; then names that have none, and may be lists of nothing.
struct Groups<'a> {
    of: Fields<'a>,
    rest: &'a [Given<'a>],
    missing: slice::Iter<'a, String>,
    value: Option<Value<'a>>,
}

impl<'a> Groups<'a> {
    fn next(&mut self) -> Option<Value<'a>> {
        let (name, texts) = match self.rest.first() {
            Some(Given { name, .. }) => {
                let same = self.rest.iter().take_while(|other| other.name == *name);
                let (texts, rest) = self.rest.split_at(same.count());
                self.rest = rest;
                (*name, texts)
            }
            None => (self.missing.next()?.as_str(), &[] as &[_]),
        };
        Some(Value {
            name,
            texts,
            hints: self.of.hints,
            role: Role::Field,
        })
    }
}

impl<'a> MapAccess<'a> for Groups<'a> {
    type Error = TextError;

    fn next_key_seed<S: DeserializeSeed<'a>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, TextError> {
        let Some(value) = self.next() else {
            return Ok(None);
        };
        self.value = Some(value);
        seed.deserialize(BorrowedStrDeserializer::new(value.name))
            .map(Some)
            .map_err(|error: TextError| error.of(value.name))
    }

    fn next_value_seed<S: DeserializeSeed<'a>>(&mut self, seed: S) -> Result<S::Value, TextError> {
        let value = self
            .value
            .take()
            .ok_or_else(|| TextError::new(Kind::Unsupported("values without names")))?;
        seed.deserialize(value)
            .map_err(|error| error.of(value.name))
    }
}

/// All texts in the order of writing.
struct All<'a> {
    rest: &'a [Given<'a>],
    hints: &'a Hints,
}

impl<'a> SeqAccess<'a> for All<'a> {
    type Error = TextError;

    fn next_element_seed<S: DeserializeSeed<'a>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, TextError> {
        let Some((first, rest)) = self.rest.split_first() else {
            return Ok(None);
        };
        self.rest = rest;
        let value = Value {
            name: first.name,
            texts: slice::from_ref(first),
            hints: self.hints,
            role: Role::Pair,
        };
        seed.deserialize(value)
            .map(Some)
            .map_err(|error| error.of(value.name))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}
