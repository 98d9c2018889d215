/// What a file name may be long on nearly every system, in bytes.
const LONGEST: usize = 255;

/// Makes the name that a client gave to a file one that can be given to a file here; `None` when nothing is left of it.
///
/// Folders are left out, with slashes of either kind, and so are dots and spaces at both ends. What some system refuses or
/// hides becomes `_`: control characters, characters that change the direction of text, and `<>:"|?*`. Names of devices
/// on Windows get a `_` in front. It is cut to 255 bytes, with its extension kept.
///
/// Files of one name still overwrite each other: put something of your own into the name, or in front of it.
///
/// # Examples
///
/// ```
/// use wharf_http::multipart::safe_file_name;
///
/// assert_eq!(safe_file_name("../../etc/passwd").as_deref(), Some("passwd"));
/// assert_eq!(safe_file_name(r"C:\Users\me\Größe?.txt").as_deref(), Some("Größe_.txt"));
/// assert_eq!(safe_file_name(".."), None);
/// ```
#[must_use]
pub fn safe_file_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let safe: String = last
        .chars()
        .map(|char| match char {
            '<' | '>' | ':' | '"' | '|' | '?' | '*' => '_',
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '_',
            char if char.is_control() => '_',
            char => char,
        })
        .collect();
    let safe = trimmed(&safe);
    let mut safe = if is_device(safe) {
        format!("_{safe}")
    } else {
        safe.to_owned()
    };
    if safe.len() > LONGEST {
        safe = shortened(&safe);
    }
    (!safe.is_empty()).then_some(safe)
}

fn trimmed(name: &str) -> &str {
    name.trim_matches(|char: char| char == '.' || char.is_whitespace())
}

/// Tells whether Windows takes the name for a device, whatever its extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let stem = stem.to_ascii_uppercase();
    let numbered = |device: &str| {
        stem.strip_prefix(device)
            .is_some_and(|number| matches!(number.as_bytes(), [b'0'..=b'9']))
    };
    ["CON", "PRN", "AUX", "NUL"].contains(&stem.as_str()) || numbered("COM") || numbered("LPT")
}

fn shortened(name: &str) -> String {
    const LONGEST_EXTENSION: usize = 16;
    let extension = match name.rfind('.') {
        Some(at) if name.len() - at <= LONGEST_EXTENSION => &name[at..],
        _ => "",
    };
    let mut end = LONGEST - extension.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{extension}", trimmed(&name[..end]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_what_is_left_of_a_path() {
        let rows = [
            ("a.txt", Some("a.txt")),
            ("/etc/passwd", Some("passwd")),
            ("..\\..\\boot.ini", Some("boot.ini")),
            (".htaccess", Some("htaccess")),
            ("a/.. ", None),
            ("a/", None),
            ("", None),
            ("a\0b\r\n.txt", Some("a_b__.txt")),
            ("nul.txt", Some("_nul.txt")),
            ("COM1", Some("_COM1")),
            ("COM10", Some("COM10")),
            ("gpj.\u{202e}exe", Some("gpj._exe")),
            ("x:stream", Some("x_stream")),
            ("name. .", Some("name")),
        ];
        for (name, expected) in rows {
            assert_eq!(safe_file_name(name).as_deref(), expected, "{name:?}");
        }
        let long = format!("{}.tar", "ä".repeat(200));
        let safe = safe_file_name(&long).unwrap();
        assert!(safe.len() <= 255 && safe.ends_with("ä.tar"));
    }

    proptest! {
        #[test]
        fn no_name_leaves_its_folder(name in ".{0,20}|[./\\\\a\0 ]{0,20}|.{250,300}") {
            if let Some(safe) = safe_file_name(&name) {
                prop_assert!(!safe.contains(['/', '\\', '\0']) && safe.len() <= 255);
                prop_assert!(!safe.is_empty() && !safe.starts_with('.'));
                let path = std::path::Path::new(&safe);
                prop_assert_eq!(path.file_name().and_then(|name| name.to_str()), Some(&*safe));
            }
        }
    }
}
