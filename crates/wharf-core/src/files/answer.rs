use std::ops::RangeInclusive;

use http::header::{self, HeaderMap, HeaderValue};
use http::{HeaderName, StatusCode};
use wharf_http::Response;
use wharf_http::header::{ContentRange, TypedHeader as _, Validators};

use super::{Content, parts};
use crate::error::HttpError;
use crate::extract::Conditional;
use crate::response::IntoResponseParts as _;

/// A file on its way to a response.
#[derive(Debug)]
pub(crate) struct Answer {
    content: Content,
    media: HeaderValue,
    /// Fields that a complete answer and a 304 share (RFC 9110 §15.4.5).
    fields: HeaderMap,
    coding: Option<&'static str>,
}

impl Answer {
    pub(crate) fn new(content: Content, media: HeaderValue) -> Self {
        Self {
            content,
            media,
            fields: HeaderMap::new(),
            coding: None,
        }
    }

    pub(crate) fn field(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.fields.insert(name, value);
        self
    }

    /// Says that the content is in a coding already.
    pub(super) fn coded(mut self, coding: Option<&'static str>) -> Self {
        self.coding = coding;
        self
    }

    pub(crate) fn set_media(&mut self, media: HeaderValue) {
        self.media = media;
    }

    /// Answers what is asked for, in the order of RFC 9110 §13.2.2.
    ///
    /// # Errors
    ///
    /// 304, 412, or 416 with the length.
    pub(crate) fn respond(self, conditional: &Conditional) -> Result<Response, HttpError> {
        let validators = self.content.validators(self.coding);
        if let Err(mut error) = conditional.check(&validators) {
            if error.status() == StatusCode::NOT_MODIFIED {
                for (name, value) in &self.fields {
                    error = error.header(name.clone(), value.clone());
                }
            }
            return Err(error);
        }
        let parts = conditional.parts(&validators, self.content.length())?;
        let parts = parts.and_then(parts::joined);
        Ok(self.response(validators, parts.as_deref()))
    }

    /// Answers with the whole content.
    pub(crate) fn whole(self) -> Response {
        let validators = self.content.validators(self.coding);
        self.response(validators, None)
    }

    fn response(self, validators: Validators, parts: Option<&[RangeInclusive<u64>]>) -> Response {
        let length = self.content.length();
        let mut response = Response::default();
        let mut media = Some(self.media.clone());
        let headers = response.headers_mut();
        headers.extend(self.fields);
        headers.insert(
            header::ACCEPT_RANGES,
            const { HeaderValue::from_static("bytes") },
        );
        // A browser takes the type as it is told, and runs no text as a script.
        headers.insert(
            header::X_CONTENT_TYPE_OPTIONS,
            const { HeaderValue::from_static("nosniff") },
        );
        if let Some(coding) = self.coding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        let (status, body) = match parts {
            None => (StatusCode::OK, self.content.body(0..length)),
            Some([part]) => {
                if let Some(range) = ContentRange::part(part.clone(), length).encode() {
                    headers.insert(ContentRange::NAME, range);
                }
                let part = *part.start()..part.end().saturating_add(1);
                (StatusCode::PARTIAL_CONTENT, self.content.body(part))
            }
            Some(several) => {
                let (several_media, body) = parts::several(&self.content, &self.media, several);
                media = several_media;
                (StatusCode::PARTIAL_CONTENT, body)
            }
        };
        if let Some(media) = media {
            headers.insert(header::CONTENT_TYPE, media);
        }
        *response.status_mut() = status;
        *response.body_mut() = body;
        let (mut head, body) = response.into_parts();
        match validators.into_response_parts(&mut head) {
            Ok(()) => Response::from_parts(head, body),
            Err(error) => crate::response::IntoResponse::into_response(error),
        }
    }
}
