//! What stands for compression in a build without the feature `ws-deflate`: nothing that could ever exist.

use super::config::WebSocketConfig;
use super::error::Violation;
use super::extension::Extension;
use super::frame::Role;

#[derive(Clone, Debug)]
pub(super) enum DeflateConfig {}

impl DeflateConfig {
    pub(super) fn by_default() -> Option<Self> {
        None
    }

    pub(super) fn offer(&self) -> String {
        match *self {}
    }

    pub(super) fn accept(&self, _offer: &Extension<'_>) -> Option<(Agreed, String)> {
        match *self {}
    }

    pub(super) fn check(&self, _answer: &Extension<'_>) -> Option<Agreed> {
        match *self {}
    }
}

/// What both ends agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Agreed {}

pub(super) enum Inflater {}

impl Inflater {
    pub(super) fn new(agreed: Agreed, _role: Role, _config: &WebSocketConfig) -> Self {
        match agreed {}
    }

    pub(super) fn inflate(
        &mut self,
        _input: &[u8],
        _output: &mut Vec<u8>,
        _limit: usize,
    ) -> Result<(), Violation> {
        match *self {}
    }

    pub(super) fn finish(&mut self, _output: &mut Vec<u8>, _limit: usize) -> Result<(), Violation> {
        match *self {}
    }
}

pub(super) enum Deflater {}

impl Deflater {
    pub(super) fn new(agreed: Agreed, _role: Role, _config: &WebSocketConfig) -> Self {
        match agreed {}
    }

    pub(super) fn takes(&self, _message: &[u8]) -> bool {
        match *self {}
    }

    pub(super) fn deflate(&mut self, _message: &[u8]) -> Option<Vec<u8>> {
        match *self {}
    }
}
