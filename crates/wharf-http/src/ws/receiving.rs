//! Receiving: the same for a WebSocket and for the half of it that does so.

use bytes::Bytes;

use super::error::Error;
#[cfg(feature = "json")]
use super::error::ErrorKind;
use super::message::{Message, Text};

/// Gives a type the methods that receive from its `socket`.
macro_rules! receiving {
    ($type:ident) => {
        impl $type {
            /// Receives the next message; `None` when the WebSocket has ended, and ever after.
            ///
            /// It ends when either end has closed it and the closing handshake is over, and also when the peer vanishes:
            /// [`close_frame`](Self::close_frame) tells which.
            ///
            /// # Errors
            ///
            /// The peer broke the protocol or a limit, or shows no sign of life; the WebSocket has then ended, and the peer
            /// was told why where that was possible.
            ///
            /// # Panics
            ///
            /// Outside a tokio runtime that has its timer enabled.
            ///
            /// # Cancel safety
            ///
            /// Safe: no message is lost, and the next call goes on.
            pub async fn recv(&mut self) -> Result<Option<Message>, Error> {
                self.socket.receive().await
            }

            /// Receives the next message, which has to be text.
            ///
            /// # Errors
            ///
            /// As for [`recv`](Self::recv); and [`ErrorKind::UnexpectedMessage`](crate::ws::ErrorKind::UnexpectedMessage) for one of another kind, which is lost.
            ///
            /// # Panics
            ///
            /// As [`recv`](Self::recv).
            ///
            /// # Cancel safety
            ///
            /// As [`recv`](Self::recv).
            pub async fn recv_text(&mut self) -> Result<Option<Text>, Error> {
                receiving::text(self.recv().await?)
            }

            /// Receives the next message, which has to be binary.
            ///
            /// # Errors
            ///
            /// As for [`recv`](Self::recv); and [`ErrorKind::UnexpectedMessage`](crate::ws::ErrorKind::UnexpectedMessage) for one of another kind, which is lost.
            ///
            /// # Panics
            ///
            /// As [`recv`](Self::recv).
            ///
            /// # Cancel safety
            ///
            /// As [`recv`](Self::recv).
            pub async fn recv_binary(&mut self) -> Result<Option<Bytes>, Error> {
                receiving::binary(self.recv().await?)
            }

            /// Receives the next message and reads it as JSON, be it text or binary.
            ///
            /// # Errors
            ///
            /// As for [`recv`](Self::recv); and [`ErrorKind::Json`](crate::ws::ErrorKind::Json) for a message that is not JSON, or of another shape; it is
            /// lost.
            ///
            /// # Panics
            ///
            /// As [`recv`](Self::recv).
            ///
            /// # Cancel safety
            ///
            /// As [`recv`](Self::recv).
            #[cfg(feature = "json")]
            #[cfg_attr(docsrs, doc(cfg(feature = "json")))]
            pub async fn recv_json<V: serde::de::DeserializeOwned>(
                &mut self,
            ) -> Result<Option<V>, Error> {
                receiving::json(self.recv().await?)
            }

            /// Returns how the WebSocket ended: the peer's close frame, or [`CloseCode::ABNORMAL`] where the connection ended
            /// without one. `None` as long as neither has happened.
            #[must_use]
            pub fn close_frame(&self) -> Option<CloseFrame> {
                self.socket.close_frame()
            }
        }
    };
}

pub(super) use receiving;

pub(super) fn text(message: Option<Message>) -> Result<Option<Text>, Error> {
    match message {
        None => Ok(None),
        Some(Message::Text(text)) => Ok(Some(text)),
        Some(other) => Err(Error::unexpected(other.what())),
    }
}

pub(super) fn binary(message: Option<Message>) -> Result<Option<Bytes>, Error> {
    match message {
        None => Ok(None),
        Some(Message::Binary(bytes)) => Ok(Some(bytes)),
        Some(other) => Err(Error::unexpected(other.what())),
    }
}

#[cfg(feature = "json")]
pub(super) fn json<V: serde::de::DeserializeOwned>(
    message: Option<Message>,
) -> Result<Option<V>, Error> {
    use crate::json::{JsonCodec, SerdeJson};
    match message {
        None => Ok(None),
        Some(message @ (Message::Text(_) | Message::Binary(_))) => {
            let decoded = SerdeJson::decode(message.as_bytes());
            decoded.map_err(|error| Error::new(ErrorKind::Json).because(error))
        }
        Some(other) => Err(Error::unexpected(other.what())),
    }
}
