use proptest::prelude::*;

use super::*;
use crate::routing::UrlErrorKind;

fn parse(text: &str) -> Pattern {
    Pattern::parse(text).unwrap()
}

#[test]
fn parameters_are_named_in_order() {
    let pattern = parse(r"/a/{one}/v{two:\d{1,3}}.{three}/{*four}");
    assert_eq!(
        pattern.parameters().collect::<Vec<_>>(),
        ["one", "two", "three", "four"]
    );
    assert_eq!(pattern.as_str(), r"/a/{one}/v{two:\d{1,3}}.{three}/{*four}");
    assert_eq!(&*pattern.names()[2], "three");
}

#[test]
fn the_shape_keeps_constraints_and_drops_names() {
    for (text, shape) in [
        ("/", "/"),
        ("/a/", "/a/"),
        ("/a/{x}", "/a/{}"),
        (r"/a/{x:\d+}", r"/a/{:\d+}"),
        ("/{a}-{b}.json", "/{}-{}.json"),
        ("/x-{*r}", "/x-{*}"),
        ("/{*r:a|b}", "/{*:a|b}"),
        ("/caf%C3%A9", "/café"),
        ("/{{x}}", "/{{x}}"),
        ("/%7Bx%7D", "/{{x}}"),
        ("/a%2fb%25", "/a%2Fb%25"),
    ] {
        assert_eq!(parse(text).shape(), shape, "{text}");
    }
}

#[test]
fn braces_inside_of_an_expression_belong_to_it() {
    for text in [
        r"/{y:\d{4}}",
        r"/{y:[}]+}",
        r"/{y:[]}]+}",
        r"/{y:[^]}]+}",
        r"/{y:\}+}",
        r"/{y:[[:alpha:]}]+}",
        r"/{y:(a{2}){3}}",
        r"/{y:[\]}]+}",
    ] {
        assert_eq!(
            parse(text).parameters().collect::<Vec<_>>(),
            ["y"],
            "{text}"
        );
    }
}

#[test]
fn what_is_no_pattern_is_refused_with_the_byte_and_the_expectation() {
    for (text, at, expected) in [
        ("", 0, "leading `/`"),
        ("users", 0, "leading `/`"),
        ("/a//b", 3, "one `/` between segments"),
        ("//", 1, "one `/` between segments"),
        ("/a/../b", 3, "another segment"),
        ("/%2e%2E", 1, "another segment"),
        ("/a?b", 2, "%3F"),
        ("/a#b", 2, "%23"),
        ("/100%", 4, "%25"),
        ("/%zz", 1, "%25"),
        ("/%FF", 1, "UTF-8"),
        ("/:id", 1, "{name}"),
        ("/*rest", 1, "{*rest}"),
        ("/{id", 1, "expected a `}`"),
        (r"/{id:\d{2}", 1, "expected a `}`"),
        ("/id}", 3, "`}}`"),
        ("/{}", 2, "parameter name"),
        ("/{1a}", 2, "parameter name"),
        ("/{*}", 3, "parameter name"),
        ("/{ id}", 2, "parameter name"),
        ("/{id }", 4, "`}` or `:`"),
        ("/{id:}", 5, "regular expression after"),
        ("/{id:(}", 5, "regular expression"),
        (r"/{id:\p{L}+}", 5, "regular expression"),
        ("/{a}{b}", 4, "literal between"),
        ("/{a}/{a}", 6, "different names"),
        ("/{*a}/b", 5, "end of the pattern"),
        ("/{*a}/", 5, "end of the pattern"),
        ("/{*a}.json", 5, "end of the pattern"),
        ("/{*a}{b}", 5, "end of the pattern"),
        ("/{a}-{*b}", 5, "no other parameter"),
        ("/é/{a}/{a}", 9, "different names"),
    ] {
        let error = Pattern::parse(text).unwrap_err();
        assert_eq!((error.offset(), error.pattern()), (at, text), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    let error = Pattern::parse("/{id").unwrap_err();
    assert_eq!(
        error.to_string(),
        "path pattern `/{id` at byte 1: parameter is never closed; expected a `}`"
    );
}

#[test]
fn segments_and_parameters_are_counted() {
    assert!(Pattern::parse(&"/a".repeat(MAX_SEGMENTS)).is_ok());
    assert!(Pattern::parse(&"/a".repeat(MAX_SEGMENTS + 1)).is_err());
    assert!(Pattern::parse("/{a}-{b}-{c}-{d}-{e}-{f}-{g}-{h}").is_ok());
    assert!(Pattern::parse("/{a}-{b}-{c}-{d}-{e}-{f}-{g}-{h}-{i}").is_err());
}

#[test]
fn a_prefix_and_what_is_mounted_join() {
    for (prefix, inside, joined, shape) in [
        ("/p", "/x", "/p/x", "/p/x"),
        ("/p/", "/x", "/p/x", "/p/x"),
        ("/p", "/", "/p", "/p"),
        ("/p/", "/", "/p", "/p"),
        ("/p", "/x/", "/p/x/", "/p/x/"),
        ("/", "/x", "/x", "/x"),
        ("/", "/", "/", "/"),
        ("/{tenant}", "/{id}", "/{tenant}/{id}", "/{}/{}"),
        ("/{tenant}", "/{*rest}", "/{tenant}/{*rest}", "/{}/{*}"),
    ] {
        let pattern = parse(prefix).join(&parse(inside)).unwrap();
        assert_eq!(
            (pattern.as_str(), pattern.shape()),
            (joined, shape),
            "{prefix} and {inside}"
        );
        assert_eq!(pattern.shape(), parse(joined).shape());
        let names: Vec<_> = pattern.parameters().map(str::to_owned).collect();
        assert_eq!(names, parse(joined).parameters().collect::<Vec<_>>());
    }
}

#[test]
fn a_prefix_that_cannot_hold_a_route_is_refused() {
    let error =
        |prefix: &str, inside: &str| parse(prefix).join(&parse(inside)).unwrap_err().to_string();
    assert_eq!(
        error("/p/{*rest}", "/x"),
        "path pattern `/p/{*rest}/x` at byte 10: a prefix cannot have a `{*rest}` parameter; expected one only at the end"
    );
    assert_eq!(
        error("/p/{id}", "/x/{id}"),
        "path pattern `/p/{id}/x/{id}` at byte 7: the prefix has a parameter `id` too; expected different names"
    );
    assert!(error(&"/a".repeat(MAX_SEGMENTS), "/x").ends_with("expected at most 128 segments"));
}

#[test]
fn urls_are_built_with_every_value_escaped() {
    for (pattern, parameters, url) in [
        ("/", &[] as &[(&str, &dyn fmt::Display)], "/"),
        ("/a/", &[], "/a/"),
        ("/café/{x}", &[("x", &"ö")], "/caf%C3%A9/%C3%B6"),
        ("/{{x}}", &[], "/%7Bx%7D"),
        (
            "/{x}",
            &[("x", &"a/b?c#d%e f\\g")],
            "/a%2Fb%3Fc%23d%25e%20f%5Cg",
        ),
        ("/{x}", &[("x", &"-._~!$&'()*+,;=:@")], "/-._~!$&'()*+,;=:@"),
        ("/{x}", &[("x", &42)], "/42"),
        (r"/v{a:\d+}.{b:\d+}", &[("b", &2), ("a", &1)], "/v1.2"),
        ("/f/{*rest}", &[("rest", &"a b/c%/d")], "/f/a%20b/c%25/d"),
        ("/f/{*rest}", &[("rest", &"a/")], "/f/a/"),
        ("/f-{*rest}", &[("rest", &"a/b")], "/f-a/b"),
        ("/{x}", &[("x", &"...")], "/..."),
    ] {
        assert_eq!(parse(pattern).url(parameters).unwrap(), url, "{pattern}");
    }
}

#[test]
fn urls_that_would_not_lead_back_are_refused() {
    use UrlErrorKind as Kind;
    for (pattern, parameters, kind, parameter) in [
        (
            "/{x}",
            &[] as &[(&str, &dyn fmt::Display)],
            Kind::MissingParameter,
            "x",
        ),
        ("/{x}", &[("x", &1), ("y", &1)], Kind::UnknownParameter, "y"),
        (
            "/{x}",
            &[("x", &1), ("x", &2)],
            Kind::RepeatedParameter,
            "x",
        ),
        ("/{x}", &[("x", &"")], Kind::EmptyValue, "x"),
        ("/{x}", &[("x", &".")], Kind::DotSegment, "x"),
        ("/{x}", &[("x", &"..")], Kind::DotSegment, "x"),
        ("/.{x}", &[("x", &".")], Kind::DotSegment, "x"),
        (r"/{x:\d+}", &[("x", &"1a")], Kind::Constraint, "x"),
        (
            r"/{a}/{x:\d+}.json",
            &[("a", &1), ("x", &-1)],
            Kind::Constraint,
            "x",
        ),
        (
            "/{a}-{b}",
            &[("a", &"x"), ("b", &"y-z")],
            Kind::Ambiguous,
            "a",
        ),
        (
            r"/{a:\d+}-{b}-{c}",
            &[("a", &1), ("b", &2), ("c", &"3-4")],
            Kind::Ambiguous,
            "b",
        ),
        ("/{*r}", &[("r", &"")], Kind::EmptyValue, "r"),
        ("/{*r}", &[("r", &"/evil.test")], Kind::EmptyValue, "r"),
        ("/{*r}", &[("r", &"a//b")], Kind::EmptyValue, "r"),
        ("/{*r}", &[("r", &"a/../b")], Kind::DotSegment, "r"),
        ("/.{*r}", &[("r", &"./b")], Kind::DotSegment, "r"),
        ("/{*r:[a-z/]+}", &[("r", &"a/1")], Kind::Constraint, "r"),
    ] {
        let error = parse(pattern).url(parameters).unwrap_err();
        assert_eq!(
            (error.kind(), error.parameter()),
            (kind, Some(parameter)),
            "{pattern}: {error}"
        );
    }
    let error = parse(r"/{x:\d+}").url(&[("x", &"secret")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        r"no URL for `/{x:\d+}`: parameter `x` does not fit `\d+`"
    );
}

proptest! {
    #[test]
    fn parsing_any_text_ends_in_a_pattern_or_an_error(text in ".{0,40}") {
        let _ = Pattern::parse(&text);
    }

    #[test]
    fn parsing_what_looks_like_a_pattern_ends_in_a_pattern_or_an_error(text in r"/[/{}*:%\\\[\]()a-c0-9é.?-]{0,24}") {
        match Pattern::parse(&text) {
            Ok(pattern) => prop_assert_eq!(pattern.as_str(), text),
            Err(error) => {
                prop_assert!(error.offset() <= text.len());
                prop_assert!(text.is_char_boundary(error.offset()));
            }
        }
    }
}
