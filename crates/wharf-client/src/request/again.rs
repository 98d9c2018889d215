//! The same request again, for those who send it more than once.

use http::HeaderMap;

use super::{Draft, RequestBuilder};
use crate::{Error, ErrorKind};

impl RequestBuilder {
    /// Makes a request that will be sent several times, each time whole and as it is: one whose coding is not undone, and which
    /// the retry policy of the client leaves to its sender.
    pub(crate) fn for_repetition(
        mut self,
        change: impl FnOnce(&mut HeaderMap),
    ) -> Result<Self, Error> {
        let mut draft = self.draft?;
        if draft.body.try_clone().is_none() {
            let why = "it may be sent more than once, and its body can be sent only once";
            return Err(Error::new(ErrorKind::Request).because(why));
        }
        change(&mut draft.headers);
        self.draft = Ok(draft);
        let settings = self.settings();
        settings.decode = false;
        settings.retry = None;
        Ok(self)
    }

    /// Copies a request that was made for repetition; `None` for others.
    pub(crate) fn again(&self, change: impl FnOnce(&mut HeaderMap)) -> Option<Self> {
        let draft = self.draft.as_ref().ok()?;
        let mut headers = draft.headers.clone();
        change(&mut headers);
        Some(Self {
            client: self.client.clone(),
            settings: self.settings.clone(),
            within: self.within.clone(),
            cancel: self.cancel.clone(),
            upload: self.upload.clone(),
            draft: Ok(Draft {
                method: draft.method.clone(),
                url: draft.url.clone(),
                headers,
                extensions: draft.extensions.clone(),
                body: draft.body.try_clone()?,
            }),
        })
    }

    /// Limits how long the response body may be silent, in place of all that limits how slow it may be.
    #[cfg(feature = "sse")]
    pub(crate) fn silence(mut self, limit: Option<std::time::Duration>) -> Self {
        self.settings().silence = Some(limit);
        self
    }

    /// Returns what a request without mistakes asks for.
    #[cfg(feature = "fs")]
    pub(crate) fn target(&self) -> Option<(&http::Method, &url::Url)> {
        let draft = self.draft.as_ref().ok()?;
        Some((&draft.method, &draft.url))
    }
}
