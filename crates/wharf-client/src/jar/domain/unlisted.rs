/// Takes single labels alone for public: which others are takes a list.
pub(super) fn is_public(domain: &str) -> bool {
    !domain.contains('.')
}
