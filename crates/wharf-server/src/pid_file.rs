//! [`PidFile`], a file with the number of the process, by which scripts find it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind};

/// A file with the number of this process; dropping it removes the file unless it names another process by then.
#[derive(Debug)]
pub(crate) struct PidFile {
    path: PathBuf,
}

impl PidFile {
    /// Writes the file, in place of one that is there.
    pub(crate) fn write(path: &Path) -> Result<Self, Error> {
        let written = std::path::absolute(path).and_then(|path| {
            // Nobody reads it half written.
            let mut draft = path.clone().into_os_string();
            draft.push(".new");
            fs::write(&draft, own())?;
            fs::rename(&draft, &path)?;
            Ok(Self { path })
        });
        written.map_err(|cause: io::Error| {
            let message = format!(
                "could not write the file of the process id, {}",
                path.display()
            );
            Error::new(ErrorKind::Start, message).because(cause)
        })
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // A successor has written its own.
        if fs::read_to_string(&self.path).is_ok_and(|text| text == own()) {
            let _gone = fs::remove_file(&self.path);
        }
    }
}

fn own() -> String {
    format!("{}\n", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_goes_with_the_process_unless_another_has_taken_it_over() {
        let path = std::env::temp_dir().join(format!("wharf-{}.pid", std::process::id()));
        fs::write(&path, "1\n").unwrap();
        let file = PidFile::write(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), own());
        drop(file);
        assert!(!path.exists());

        let file = PidFile::write(&path).unwrap();
        fs::write(&path, "1\n").unwrap();
        drop(file);
        assert_eq!(fs::read_to_string(&path).unwrap(), "1\n");
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let error = PidFile::write(Path::new("/nowhere/app.pid")).unwrap_err();
        assert!(error.to_string().contains("/nowhere/app.pid"), "{error}");
    }
}
