//! The same request again, for those who send it more than once.

use std::sync::Arc;

use http::HeaderMap;

use super::RequestBuilder;
use crate::middleware::try_clone;
use crate::send::Outgoing;
use crate::{Error, ErrorKind};

impl RequestBuilder {
    /// Makes a request that will be sent several times, each time whole and as it is: one whose coding is not undone, and which
    /// the retry policy of the client leaves to its sender.
    pub(crate) fn for_repetition(self, change: impl FnOnce(&mut HeaderMap)) -> Result<Self, Error> {
        let Self { client, draft } = self;
        let mut draft = draft?;
        if draft.request.body().try_clone().is_none() {
            let why = "it may be sent more than once, and its body can be sent only once";
            return Err(Error::new(ErrorKind::Request).because(why));
        }
        change(draft.request.headers_mut());
        let draft = Ok(draft);
        Ok(Self { client, draft }.set(|settings| {
            settings.decode = false;
            settings.retry = None;
        }))
    }

    /// Copies a request that was made for repetition; `None` for others.
    pub(crate) fn again(&self, change: impl FnOnce(&mut HeaderMap)) -> Option<Self> {
        let draft = self.draft.as_ref().ok()?;
        let mut request = try_clone(&draft.request)?;
        change(request.headers_mut());
        Some(Self {
            client: self.client.clone(),
            draft: Ok(Box::new(Outgoing {
                request,
                url: draft.url.clone(),
                settings: Arc::clone(&draft.settings),
                within: draft.within.clone(),
                cancel: draft.cancel.clone(),
                upload: draft.upload.clone(),
            })),
        })
    }

    /// Limits how long the response body may be silent, in place of all that limits how slow it may be.
    #[cfg(feature = "sse")]
    pub(crate) fn silence(self, limit: Option<std::time::Duration>) -> Self {
        self.set(|settings| settings.silence = Some(limit))
    }

    /// Returns what a request without mistakes asks for.
    #[cfg(feature = "fs")]
    pub(crate) fn target(&self) -> Option<(&http::Method, &url::Url)> {
        let draft = self.draft.as_ref().ok()?;
        Some((draft.request.method(), &draft.url))
    }
}
