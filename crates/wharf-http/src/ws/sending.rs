//! Sending: the same for a WebSocket and for the half of it that does so.

#[cfg(feature = "json")]
use super::error::{Error, ErrorKind};
#[cfg(feature = "json")]
use super::message::Message;

/// Gives a type the methods that send to its `socket`.
macro_rules! sending {
    ($type:ident) => {
        impl $type {
            /// Sends a message, and waits until the stream has taken all of it.
            ///
            /// The wait is the back-pressure: a peer that reads slowly makes it long, and one that reads nothing ends it after
            /// [`write_timeout`](crate::ws::WebSocketConfig::write_timeout). Two ends that send without receiving wait for each other;
            /// [`split`](crate::ws::WebSocket::split) lets one do both at the same time.
            ///
            /// # Errors
            ///
            /// [`ErrorKind::Closed`](crate::ws::ErrorKind::Closed) when the WebSocket has ended or either end has closed it; the limit of time passed or the
            /// connection failed.
            ///
            /// # Panics
            ///
            /// As [`recv`](crate::ws::WebSocket::recv).
            ///
            /// # Cancel safety
            ///
            /// Safe for the WebSocket: the message goes whole or not at all. Which of the two is not told; what was taken is
            /// sent with the next operation.
            pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), Error> {
                self.socket.send(message.into()).await
            }

            /// Sends text, as [`send`](Self::send) does.
            ///
            /// # Errors
            ///
            /// As [`send`](Self::send).
            ///
            /// # Panics
            ///
            /// As [`recv`](crate::ws::WebSocket::recv).
            ///
            /// # Cancel safety
            ///
            /// As [`send`](Self::send).
            pub async fn send_text(&mut self, text: impl Into<Text>) -> Result<(), Error> {
                self.send(text.into()).await
            }

            /// Sends binary data, as [`send`](Self::send) does.
            ///
            /// # Errors
            ///
            /// As [`send`](Self::send).
            ///
            /// # Panics
            ///
            /// As [`recv`](crate::ws::WebSocket::recv).
            ///
            /// # Cancel safety
            ///
            /// As [`send`](Self::send).
            pub async fn send_binary(&mut self, bytes: impl Into<Bytes>) -> Result<(), Error> {
                self.send(bytes.into()).await
            }

            /// Sends a value as JSON in a text message, as [`send`](Self::send) does.
            ///
            /// # Errors
            ///
            /// As [`send`](Self::send); and [`ErrorKind::Json`](crate::ws::ErrorKind::Json) for a value that JSON cannot express.
            ///
            /// # Panics
            ///
            /// As [`recv`](crate::ws::WebSocket::recv).
            ///
            /// # Cancel safety
            ///
            /// As [`send`](Self::send).
            #[cfg(feature = "json")]
            #[cfg_attr(docsrs, doc(cfg(feature = "json")))]
            pub async fn send_json<V: serde::Serialize + ?Sized>(
                &mut self,
                value: &V,
            ) -> Result<(), Error> {
                let message = sending::to_json(value)?;
                self.send(message).await
            }

            /// Puts a message into the buffer, which goes out with the next [`send`](Self::send), [`flush`](Self::flush) or
            /// when [`recv`](crate::ws::WebSocket::recv) has to wait: many small messages in one write.
            ///
            /// Waits first while [`high_water`](crate::ws::WebSocketConfig::high_water) is reached.
            ///
            /// # Errors
            ///
            /// As [`send`](Self::send).
            ///
            /// # Panics
            ///
            /// As [`recv`](crate::ws::WebSocket::recv).
            ///
            /// # Cancel safety
            ///
            /// Safe: a message whose future was dropped is not sent.
            pub async fn feed(&mut self, message: impl Into<Message>) -> Result<(), Error> {
                self.socket.feed(message.into()).await
            }

            /// Waits until the stream has taken all that waits to be sent.
            ///
            /// # Errors
            ///
            /// As [`send`](Self::send).
            ///
            /// # Panics
            ///
            /// As [`recv`](crate::ws::WebSocket::recv).
            ///
            /// # Cancel safety
            ///
            /// Safe.
            pub async fn flush(&mut self) -> Result<(), Error> {
                self.socket.flush().await
            }

            /// Sends a ping. A payload of more than 125 bytes is cut (RFC 6455 §5.5).
            ///
            /// The peer answers with a pong, which counts as a sign of life.
            ///
            /// # Errors
            ///
            /// As [`send`](Self::send).
            ///
            /// # Panics
            ///
            /// As [`recv`](crate::ws::WebSocket::recv).
            ///
            /// # Cancel safety
            ///
            /// As [`send`](Self::send).
            pub async fn ping(&mut self, payload: impl Into<Bytes>) -> Result<(), Error> {
                self.socket.send(Message::Ping(payload.into())).await
            }

            /// Closes the WebSocket: sends a close frame, waits for the peer's, then for the end of the connection.
            ///
            /// What the peer sends meanwhile is dropped. All of it is over after
            /// [`close_timeout`](crate::ws::WebSocketConfig::close_timeout). [`CloseCode::NO_STATUS`] sends a close frame without a code.
            ///
            /// # Errors
            ///
            /// [`ErrorKind::InvalidCloseCode`](crate::ws::ErrorKind::InvalidCloseCode) for a code that may not be sent; nothing has happened then. A time-out when the
            /// peer did not answer; the connection has ended then. A peer that vanishes is no error.
            ///
            /// # Panics
            ///
            /// As [`recv`](crate::ws::WebSocket::recv).
            ///
            /// # Cancel safety
            ///
            /// Safe: the WebSocket is closing then, and the next operation goes on with it.
            pub async fn close(
                &mut self,
                code: impl Into<CloseCode>,
                reason: impl Into<Cow<'static, str>>,
            ) -> Result<(), Error> {
                self.socket.close(CloseFrame::new(code, reason)).await
            }

            /// Returns how many bytes wait to be sent.
            #[must_use]
            pub fn buffered_amount(&self) -> usize {
                self.socket.buffered_amount()
            }
        }
    };
}

pub(super) use sending;

#[cfg(feature = "json")]
pub(super) fn to_json<V: serde::Serialize + ?Sized>(value: &V) -> Result<Message, Error> {
    let json = serde_json::to_string(value);
    let json = json.map_err(|error| Error::new(ErrorKind::Json).because(error))?;
    Ok(json.into())
}
