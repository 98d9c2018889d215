use serde::Serialize;

use super::Event;
use crate::BoxError;

#[cfg_attr(docsrs, doc(cfg(feature = "json")))]
impl Event {
    /// Creates an event whose data is `value` as JSON, on one line.
    ///
    /// # Errors
    ///
    /// The value cannot be written as JSON, such as a map whose keys are no text.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_http::sse::Event;
    ///
    /// let event = Event::json(&[1, 2])?;
    /// assert_eq!(event.data(), Some("[1,2]"));
    /// # Ok::<(), wharf_http::BoxError>(())
    /// ```
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<Self, BoxError> {
        Ok(Self::new(serde_json::to_string(value)?))
    }
}
