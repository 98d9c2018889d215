use proptest::prelude::*;

use super::*;

/// What the anchored expression itself says.
fn oracle(expression: &str, text: &str) -> bool {
    Regex::new(&format!("^(?:{expression})$"))
        .unwrap()
        .is_match(text)
}

fn needs_an_engine(expression: &str) -> bool {
    matches!(
        Constraint::new(expression).unwrap().test,
        Test::Expression(_)
    )
}

#[test]
fn common_constraints_need_no_engine() {
    for expression in [
        r"\d+",
        "[0-9]+",
        r"\d{4}",
        r"\d{1,3}",
        r"\d{2,}",
        "[a-z0-9-]+",
        r"[\w.-]+",
        r"\w+",
        "[a-f0-9]{8}",
        "[A-Fa-f0-9]{8}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{12}",
        r"\d{4}-\d{2}-\d{2}",
        r"\d+\.\d+",
        r"v\d+",
        ".+",
        ".*",
        "[^/]+",
        r"[^\d]+",
        r"\D+",
        "en|de|fr",
        "(en|de)",
        "(?:jpeg|png)",
        "x",
    ] {
        assert!(!needs_an_engine(expression), "{expression}");
    }
}

#[test]
fn what_can_be_split_in_two_ways_is_left_to_the_engine() {
    for expression in [
        r"\w+\d+",
        r"\d+\d{2}",
        ".+x",
        "(?i)abc",
        "a|b+",
        r"\w+-?\w+",
        "[é]",
        "é+",
    ] {
        assert!(needs_an_engine(expression), "{expression}");
    }
}

#[test]
fn what_is_no_expression_is_refused() {
    for expression in ["(", "a)(b", "[", "a{2,1}", "*", r"\", r"(?=a)", r"\p{L}+"] {
        assert!(Constraint::new(expression).is_err(), "{expression}");
    }
}

#[test]
fn an_expression_that_would_compile_into_too_much_is_refused() {
    assert!(Constraint::new(r"((\w{99}){99}){99}").is_err());
}

#[test]
fn counts_are_of_characters_and_not_of_bytes() {
    let three = Constraint::new(".{3}").unwrap();
    assert!(three.accepts("äöü"));
    assert!(!three.accepts("ä"));
    assert!(Constraint::new(r"\D{2}").unwrap().accepts("日本"));
    assert!(!Constraint::new(r"\w+").unwrap().accepts("ä"));
    assert!(!Constraint::new(".+").unwrap().accepts("a\nb"));
}

/// Sets, repetitions and literals, put together so that most of them compile.
fn expressions() -> impl Strategy<Value = String> {
    let set = prop_oneof![
        Just(r"\d"),
        Just(r"\w"),
        Just(r"\s"),
        Just(r"\D"),
        Just(r"\W"),
        Just("."),
        Just("a"),
        Just("-"),
        Just(r"\."),
        Just("_"),
        Just("[0-9]"),
        Just("[a-f0-9]"),
        Just("[^a]"),
        Just(r"[^\d.]"),
        Just("[a-]"),
        Just("[-b]"),
        Just(r"[\w-]"),
        Just("é"),
        Just("[ab-dz]"),
    ];
    let repetition = prop_oneof![
        Just(""),
        Just("+"),
        Just("*"),
        Just("?"),
        Just("{2}"),
        Just("{1,3}"),
        Just("{0,2}"),
        Just("{2,}"),
        Just("+?"),
    ];
    let sequence = prop::collection::vec((set, repetition), 1..4);
    let sequence = sequence.prop_map(|parts| {
        parts
            .iter()
            .flat_map(|(set, repetition)| [*set, *repetition])
            .collect::<String>()
    });
    prop::collection::vec(sequence, 1..3).prop_map(|choices| choices.join("|"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn byte_tests_accept_what_the_expression_accepts(expression in expressions(), texts in prop::collection::vec("[a-d0-2é._ \n-]{0,6}", 1..8)) {
        let constraint = Constraint::new(&expression).unwrap();
        for text in texts {
            prop_assert_eq!(constraint.accepts(&text), oracle(&expression, &text), "{} on {:?}", expression, text);
        }
    }

    #[test]
    fn whatever_compiles_is_read_the_same(expression in r"[\[\]\\^dw{},0-2a-c()|.+*?é-]{1,8}", texts in prop::collection::vec(r"[\[\]\\^dw{},0-2a-c|.é-]{0,4}", 1..8)) {
        if let Ok(constraint) = Constraint::new(&expression) {
            for text in texts {
                prop_assert_eq!(constraint.accepts(&text), oracle(&expression, &text), "{} on {:?}", expression, text);
            }
        }
    }
}
