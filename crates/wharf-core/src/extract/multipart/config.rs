use std::path::PathBuf;

use wharf_http::multipart::Limits;

/// How much a form with files may hold, and where its files go.
///
/// [`MultipartForm`](super::MultipartForm) uses the one that is state of the app,
/// [`Multipart::into_form`](super::Multipart::into_form) the one that it is given.
///
/// # Examples
///
/// ```
/// use wharf_core::App;
/// use wharf_core::extract::FormConfig;
///
/// let config = FormConfig::new().folder("/var/spool/quay").field_bytes("avatar", 2 << 20);
/// # let _ =
/// App::new().provide(config)
/// # ;
/// ```
#[derive(Clone, Debug)]
pub struct FormConfig {
    pub(super) parts: usize,
    pub(super) text_bytes: usize,
    pub(super) memory: usize,
    pub(super) file_bytes: Option<u64>,
    pub(super) fields: Vec<(String, u64)>,
    pub(super) total_bytes: Option<u64>,
    pub(super) folder: Option<PathBuf>,
}

impl Default for FormConfig {
    fn default() -> Self {
        Self {
            parts: 1_000,
            text_bytes: 1 << 20,
            memory: 1 << 20,
            file_bytes: None,
            fields: Vec::new(),
            total_bytes: None,
            folder: None,
        }
    }
}

impl FormConfig {
    /// Creates the limits that hold by default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how many parts a form may have; more are answered 413.
    ///
    /// Default: 1,000.
    #[must_use]
    pub fn parts(mut self, count: usize) -> Self {
        self.parts = count;
        self
    }

    /// Sets how many bytes the texts of all fields may have together; more are answered 413.
    ///
    /// Default: 1 MiB.
    #[must_use]
    pub fn text_bytes(mut self, bytes: usize) -> Self {
        self.text_bytes = bytes;
        self
    }

    /// Sets how many bytes of files stay in memory, for all files of a form together; the others are temporary files.
    ///
    /// Default: 1 MiB.
    #[must_use]
    pub fn memory(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// Sets how many bytes each file may have; a larger one is answered 413.
    ///
    /// Default: `None`, any number within the total.
    #[must_use]
    pub fn file_bytes(mut self, bytes: impl Into<Option<u64>>) -> Self {
        self.file_bytes = bytes.into();
        self
    }

    /// Sets how many bytes the text or each file of one field may have, instead of the limits for all.
    #[must_use]
    pub fn field_bytes(mut self, name: impl Into<String>, bytes: u64) -> Self {
        self.fields.push((name.into(), bytes));
        self
    }

    /// Sets how many bytes the whole body may have; more are answered 413.
    ///
    /// Default: `None`. [`MultipartForm`](super::MultipartForm) then takes the body limit of the route, and
    /// [`Multipart::into_form`](super::Multipart::into_form) any number.
    #[must_use]
    pub fn total_bytes(mut self, bytes: impl Into<Option<u64>>) -> Self {
        self.total_bytes = bytes.into();
        self
    }

    /// Sets the folder of temporary files, which has to exist.
    ///
    /// A file that is [kept](super::Upload::persist) on the same file system is renamed, and copied to another. Default: that of
    /// the system, which may be in memory.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// The limit of one field, where it has its own.
    pub(super) fn field(&self, name: &str) -> Option<u64> {
        let mut fields = self.fields.iter().rev();
        fields
            .find(|(known, _)| known == name)
            .map(|(_, bytes)| *bytes)
    }

    pub(super) fn limits(&self, total: Option<u64>) -> Limits {
        Limits::new().parts(self.parts).total_bytes(total)
    }
}
