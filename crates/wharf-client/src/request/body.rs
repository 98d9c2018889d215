//! What a request carries: bytes, JSON, forms, files.

#[cfg(feature = "multipart")]
use http::header::CONTENT_TYPE;
#[cfg(any(feature = "form", feature = "json"))]
use http::header::HeaderValue;
use wharf_http::Body;

use super::RequestBuilder;
#[cfg(any(
    feature = "form",
    feature = "fs",
    feature = "json",
    feature = "multipart"
))]
use super::unsendable;

impl RequestBuilder {
    /// Sets the body. Its type is told with a `content-type` header.
    ///
    /// Bytes and text can be sent again when a redirect or a repetition asks for it; a stream only once.
    pub fn body(self, body: impl Into<Body>) -> Self {
        self.change(|draft| {
            *draft.request.body_mut() = body.into();
            Ok(())
        })
    }

    /// Sets the body to `value` as JSON, and `content-type` to `application/json` unless another one is set.
    #[cfg(feature = "json")]
    #[cfg_attr(docsrs, doc(cfg(feature = "json")))]
    pub fn json<T: serde::Serialize + ?Sized>(self, value: &T) -> Self {
        use wharf_http::json::{JsonCodec, SerdeJson};
        self.change(|draft| {
            let body = SerdeJson::encode(value).map_err(unsendable)?;
            draft.set_body(body.into(), HeaderValue::from_static("application/json"));
            Ok(())
        })
    }

    /// Sets the body to `value` as a form, `a=1&b=2`, and `content-type` to `application/x-www-form-urlencoded` unless another
    /// one is set. Lists become repeated names.
    #[cfg(feature = "form")]
    #[cfg_attr(docsrs, doc(cfg(feature = "form")))]
    pub fn form<T: serde::Serialize + ?Sized>(self, value: &T) -> Self {
        self.change(|draft| {
            let body = wharf_http::form::encode(value).map_err(unsendable)?;
            let content_type = "application/x-www-form-urlencoded";
            draft.set_body(body.into(), HeaderValue::from_static(content_type));
            Ok(())
        })
    }

    /// Sets the body to a form of several parts, such as one with files, and `content-type` with its boundary.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use wharf_http::multipart::{Form, Part};
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = wharf_client::Client::new();
    /// let minutes = Part::new("all agreed").file_name("minutes.txt").content_type("text/plain");
    /// let form = Form::new().add("title", "Minutes").add("file", minutes);
    /// client.post("http://quay.test/files").multipart(form).send().await?.ok()?;
    /// # Ok(()) }
    /// ```
    #[cfg(feature = "multipart")]
    #[cfg_attr(docsrs, doc(cfg(feature = "multipart")))]
    pub fn multipart(self, form: wharf_http::multipart::Form) -> Self {
        self.change(|draft| {
            let form = form.build().map_err(unsendable)?;
            let content_type = form.content_type().clone();
            draft
                .request
                .headers_mut()
                .insert(CONTENT_TYPE, content_type);
            *draft.request.body_mut() = form.into_body();
            Ok(())
        })
    }

    /// Sets the body to a file, which is opened here and anew whenever the request is sent again.
    ///
    /// A file that cannot be opened is the error of [`send`](Self::send), of kind [`ErrorKind::Request`](crate::ErrorKind::Request).
    #[cfg(feature = "fs")]
    #[cfg_attr(docsrs, doc(cfg(feature = "fs")))]
    pub async fn file(self, path: impl Into<std::path::PathBuf> + Send) -> Self {
        let body = Body::from_path(path).await;
        self.change(|draft| {
            *draft.request.body_mut() = body.map_err(unsendable)?;
            Ok(())
        })
    }
}
