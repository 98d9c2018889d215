use super::*;

#[test]
fn what_follows_the_stream_is_passed_over() {
    let data = encoded(Coding::BROTLI, b"hello");
    let body = pieces([&data[..], b"rest"].concat().chunks(1));
    assert_eq!(whole(decoded(body, "br")).unwrap(), "hello");
}

#[test]
fn a_window_over_16_mib_is_malformed() {
    // The marker of the extension for large windows, which RFC 7932 §9.1 has as an invalid window.
    let error = whole(decoded(Body::from(&[0x11, 0x1e, 0, 0, 0][..]), "br")).unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        "the body is malformed: not valid br data: it is corrupt"
    );
}
