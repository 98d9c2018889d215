/// Looks the domain up in the public suffix list, its private part included, as browsers do.
pub(super) fn is_public(domain: &str) -> bool {
    psl::suffix(domain.as_bytes()).is_none_or(|suffix| suffix.as_bytes() == domain.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_registries_hand_out_names_below_is_public() {
        for (domain, expected) in [
            ("co.uk", true),
            ("github.io", true),
            ("kobe.jp", false),
            ("a.kobe.jp", true),
            ("city.kobe.jp", false),
            ("bbc.co.uk", false),
            ("a.github.io", false),
            ("a.unknown-to-all", false),
        ] {
            assert_eq!(is_public(domain), expected, "{domain}");
        }
    }
}
