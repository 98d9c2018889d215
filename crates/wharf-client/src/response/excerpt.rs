//! The start of an error's body, read ahead.

use std::collections::VecDeque;

use bytes::BytesMut;
use http_body::Frame;
use tokio::time::timeout;
use wharf_http::Body;

use super::Response;
use crate::body::Replayed;
use crate::config::{EXCERPT, EXCERPT_WAIT};

impl Response {
    /// Makes the error of a response that opens no WebSocket, with the start of its body.
    #[cfg(feature = "ws")]
    pub(crate) async fn into_refusal(mut self) -> crate::Error {
        if !self.is_error() {
            self.read_ahead().await;
        }
        crate::Error::new(crate::ErrorKind::Upgrade)
            .answered(self.status())
            .excerpt(self.inner.excerpt)
            .at_url(&self.inner.url)
    }

    /// Keeps the start of the body for [`ok`](Self::ok); whoever reads the body gets it all the same.
    pub(crate) async fn read_ahead(&mut self) {
        let mut body = std::mem::take(self.inner.response.body_mut());
        let mut taken = VecDeque::new();
        let mut excerpt = BytesMut::new();
        // An error of the body is kept by it, and waits for whoever reads on.
        let read = async {
            while excerpt.len() < EXCERPT
                && let Some(Ok(frame)) = body.frame().await
            {
                if let Some(data) = frame.data_ref() {
                    // HTTP/2 has them, and any number of them fits in the time.
                    if data.is_empty() {
                        continue;
                    }
                    let rest = EXCERPT.saturating_sub(excerpt.len());
                    excerpt.extend_from_slice(&data[..data.len().min(rest)]);
                }
                taken.push_back(frame);
            }
        };
        let _what_came_in_time = timeout(EXCERPT_WAIT, read).await;
        self.inner.excerpt = excerpt.freeze();
        *self.inner.response.body_mut() =
            match (taken.pop_front().map(Frame::into_data), taken.is_empty()) {
                (None, _) => body,
                (Some(Ok(only)), true) if body.is_empty() => only.into(),
                (Some(first), _) => {
                    taken.push_front(first.map_or_else(|frame| frame, Frame::data));
                    Body::new(Replayed::new(taken, body))
                }
            };
    }
}
