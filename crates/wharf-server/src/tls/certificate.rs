//! [`Details`], what is read of a certificate: names, serial number, issuer, and when it is valid (RFC 5280).
//!
//! Signatures are not looked at: rustls has verified what a client shows, and the server's own files need no proof.

use std::fmt::Write as _;
use std::time::SystemTime;

use super::der::{Der, Malformed, tag};

/// What is read of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Details {
    pub(super) serial: String,
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) common_name: Option<String>,
    pub(super) not_before: SystemTime,
    pub(super) not_after: SystemTime,
    pub(super) dns_names: Vec<String>,
    pub(super) uris: Vec<String>,
    pub(super) emails: Vec<String>,
}

/// The object identifier of the extension with the names (RFC 5280 §4.2.1.6).
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];

/// The object identifier of the common name.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

impl Details {
    /// Reads a certificate in DER (RFC 5280 §4.1).
    pub(super) fn read(der: &[u8]) -> Result<Self, Malformed> {
        let mut outer = Der::new(der);
        let mut certificate = outer.nested(tag::SEQUENCE)?;
        outer.end()?;
        let mut body = certificate.nested(tag::SEQUENCE)?;
        let _algorithm = certificate.read(tag::SEQUENCE)?;
        let _signature = certificate.read(tag::BIT_STRING)?;
        certificate.end()?;

        let _version = body.optional(0xa0)?;
        let serial = hexadecimal(body.read(tag::INTEGER)?);
        let _algorithm = body.read(tag::SEQUENCE)?;
        let (issuer, _) = name(body.nested(tag::SEQUENCE)?)?;
        let mut validity = body.nested(tag::SEQUENCE)?;
        let (not_before, not_after) = (validity.time()?, validity.time()?);
        validity.end()?;
        let (subject, common_name) = name(body.nested(tag::SEQUENCE)?)?;
        let _key = body.read(tag::SEQUENCE)?;
        let _ids = (body.optional(0x81)?, body.optional(0x82)?);
        let mut details = Self {
            serial,
            issuer,
            subject,
            common_name,
            not_before,
            not_after,
            dns_names: Vec::new(),
            uris: Vec::new(),
            emails: Vec::new(),
        };
        if let Some(extensions) = body.optional(0xa3)? {
            details.read_extensions(Der::new(extensions))?;
        }
        body.end()?;
        Ok(details)
    }

    fn read_extensions(&mut self, mut outer: Der<'_>) -> Result<(), Malformed> {
        let mut extensions = outer.nested(tag::SEQUENCE)?;
        outer.end()?;
        while !extensions.is_empty() {
            let mut extension = extensions.nested(tag::SEQUENCE)?;
            let id = extension.read(tag::OID)?;
            let _critical = extension.optional(tag::BOOLEAN)?;
            let value = extension.read(tag::OCTET_STRING)?;
            extension.end()?;
            if id == SUBJECT_ALT_NAME {
                self.read_names(Der::new(value))?;
            }
        }
        Ok(())
    }

    fn read_names(&mut self, mut outer: Der<'_>) -> Result<(), Malformed> {
        let mut names = outer.nested(tag::SEQUENCE)?;
        outer.end()?;
        while !names.is_empty() {
            let (kind, value, _) = names.any()?;
            match kind {
                0x81 => self.emails.push(printable(value)?),
                0x82 => self.dns_names.push(printable(value)?),
                0x86 => self.uris.push(printable(value)?),
                // Addresses, directories and what else there is.
                _ => {}
            }
        }
        Ok(())
    }
}

/// Reads a name of a host, a mailbox or a resource: ASCII, and nothing in it that could deceive a reader of the log.
fn printable(value: &[u8]) -> Result<String, Malformed> {
    match std::str::from_utf8(value) {
        Ok(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Ok(text.to_owned())
        }
        _ => Err(Malformed),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    // A zero in front only says that the number is not negative.
    let bytes = match bytes {
        [0, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    encoding(bytes)
}

/// Reads a distinguished name: as RFC 4514 writes it, and the last common name in it.
fn name(mut sequence: Der<'_>) -> Result<(String, Option<String>), Malformed> {
    let mut parts = Vec::new();
    let mut common_name = None;
    while !sequence.is_empty() {
        let mut set = sequence.nested(tag::SET)?;
        let mut values = Vec::new();
        while !set.is_empty() {
            let mut pair = set.nested(tag::SEQUENCE)?;
            let id = pair.read(tag::OID)?;
            let (kind, value, whole) = pair.any()?;
            pair.end()?;
            let text = text(kind, value);
            let label = label(id);
            values.push(match (&label, &text) {
                (Some(label), Some(text)) => format!("{label}={}", escaped(text)),
                // RFC 4514 §2.4: what has no text form is the encoding itself.
                (Some(label), None) => format!("{label}=#{}", encoding(whole)),
                (None, _) => format!("{}=#{}", dotted(id), encoding(whole)),
            });
            if id == COMMON_NAME {
                common_name = text;
            }
        }
        if values.is_empty() {
            return Err(Malformed);
        }
        parts.push(values.join("+"));
    }
    // RFC 4514 §2.1: the last one first.
    parts.reverse();
    Ok((parts.join(","), common_name))
}

fn encoding(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a string cannot fail.
        let _written = write!(out, "{byte:02x}");
        out
    })
}

/// Reads a string of one of the types that are still in use; `None` for others.
fn text(kind: u8, value: &[u8]) -> Option<String> {
    match kind {
        tag::UTF8_STRING => std::str::from_utf8(value).ok().map(str::to_owned),
        tag::PRINTABLE_STRING | tag::IA5_STRING if value.is_ascii() => {
            std::str::from_utf8(value).ok().map(str::to_owned)
        }
        _ => None,
    }
}

/// Escapes a value (RFC 4514 §2.4), control characters too.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let last = text.chars().count().saturating_sub(1);
    for (at, letter) in text.chars().enumerate() {
        match letter {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => out.extend(['\\', letter]),
            '#' if at == 0 => out.push_str("\\#"),
            ' ' if at == 0 || at == last => out.push_str("\\ "),
            letter if letter.is_control() => {
                let mut bytes = [0; 4];
                for byte in letter.encode_utf8(&mut bytes).bytes() {
                    // Writing to a string cannot fail.
                    let _written = write!(out, "\\{byte:02X}");
                }
            }
            letter => out.push(letter),
        }
    }
    out
}

/// The short names of RFC 4514 §3.
fn label(id: &[u8]) -> Option<&'static str> {
    Some(match id {
        COMMON_NAME => "CN",
        [0x55, 0x04, 0x06] => "C",
        [0x55, 0x04, 0x07] => "L",
        [0x55, 0x04, 0x08] => "ST",
        [0x55, 0x04, 0x09] => "STREET",
        [0x55, 0x04, 0x0a] => "O",
        [0x55, 0x04, 0x0b] => "OU",
        // 0.9.2342.19200300.100.1.25 and .1
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19] => "DC",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x01] => "UID",
        _ => return None,
    })
}

/// Prints an object identifier (X.690 §8.19); one with a number that nobody uses ends there.
fn dotted(id: &[u8]) -> String {
    let mut numbers = Vec::new();
    let mut number = 0_u64;
    for byte in id {
        let Some(shifted) = number.checked_mul(128) else {
            break;
        };
        number = shifted | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            if numbers.is_empty() {
                let first = (number / 40).min(2);
                numbers.push(first.to_string());
                number -= first * 40;
            }
            numbers.push(number.to_string());
            number = 0;
        }
    }
    numbers.join(".")
}
