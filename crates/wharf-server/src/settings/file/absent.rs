//! Where no file can be read.

use std::path::Path;

use crate::settings::Settings;
use crate::settings::mistakes::Mistakes;

pub(in crate::settings) fn read(path: &Path, mistakes: &mut Mistakes) -> Settings {
    mistakes.add(format!(
        "{}: this program reads no files of settings; the feature `toml` of wharf and of wharf-server brings that",
        path.display()
    ));
    Settings::new()
}
