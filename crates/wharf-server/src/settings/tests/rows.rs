//! Every setting by every route.

use wharf_http::service::service_fn;
use wharf_http::{Body, Context, Request, Response, Serve};

use super::samples::{SAMPLES, Sample};
use crate::server::Server;
use crate::settings::apply::defaults;
use crate::settings::row::Row;
use crate::settings::value::Plain;
use crate::settings::{Settings, TABLE};

/// All rows, each with its sample.
pub(super) fn rows() -> impl Iterator<Item = (&'static Row, &'static Sample)> {
    assert_eq!(TABLE.len(), SAMPLES.len());
    TABLE.iter().zip(SAMPLES).inspect(|(row, sample)| {
        assert_eq!(
            row.name, sample.name,
            "samples are in the order of the table"
        );
    })
}

pub(super) fn by_method(sample: &Sample) -> Settings {
    (sample.set)(Settings::new())
}

pub(super) fn by_flag(row: &Row, text: &str) -> Settings {
    Settings::from_args([format!("--{}={text}", row.flag)]).unwrap()
}

fn by_variable(row: &Row, text: &str) -> Settings {
    Settings::from_variables([(row.variable, text)]).unwrap()
}

fn server() -> Server<impl Serve> {
    Server::new(service_fn(|_: Request, _: Context| async {
        Response::new(Body::empty())
    }))
}

/// What is in force on a server of a program that has done as `program` says, and was told `settings`.
pub(super) fn in_force(program: Settings, settings: Settings) -> Settings {
    let mut server = server().settings(program.clone());
    let mut in_force = server.options.in_force();
    // What the call is for is not kept by the server.
    program.apply(&mut in_force);
    settings.apply(&mut in_force);
    Settings::of(&in_force)
}

#[test]
fn a_setting_has_the_same_name_everywhere() {
    for row in TABLE {
        assert_eq!(row.flag, row.name.replace('_', "-"));
        assert_eq!(row.variable, format!("WHARF_{}", row.name.to_uppercase()));
        assert!(!row.help.ends_with('.'), "{}", row.help);
    }
}

#[test]
fn every_setting_is_the_same_by_method_flag_and_variable() {
    for (row, sample) in rows() {
        let expected = by_method(sample);
        assert_ne!(expected, Settings::new(), "{}", row.name);
        assert_eq!(by_flag(row, sample.text), expected);
        assert_eq!(by_variable(row, sample.text), expected);
        let flag = format!("--{}", row.flag);
        match row.value {
            Some(_) => assert_eq!(Settings::from_args([&flag, sample.text]).unwrap(), expected),
            None => assert_eq!(Settings::from_args([&flag]).unwrap(), by_flag(row, "yes")),
        }
    }
}

#[test]
fn every_setting_changes_what_is_in_force_and_nothing_else() {
    let defaults = defaults();
    for (row, sample) in rows() {
        let settings = by_method(sample);
        let changed = in_force(Settings::new(), settings.clone());
        assert_eq!(row.plain(&changed), row.plain(&settings), "{}", row.name);
        for other in TABLE {
            let same = other.plain(&changed) == other.plain(&defaults);
            let is_meant =
                other.name == row.name || (row.name, other.name) == ("quiet", "access_log");
            assert_eq!(same, !is_meant, "{} changes {}", row.name, other.name);
        }
    }
}

#[test]
fn every_flag_beats_its_variable_and_every_variable_the_program() {
    for (row, sample) in rows() {
        let (value, other) = (sample.text, sample.other);
        assert_eq!(
            by_flag(row, other).or(by_variable(row, value)),
            by_flag(row, other)
        );
        assert_eq!(
            Settings::new().or(by_variable(row, value)),
            by_variable(row, value)
        );
        let now = in_force(by_flag(row, value), by_variable(row, other));
        assert_eq!(
            row.plain(&now),
            row.plain(&by_flag(row, other)),
            "{}",
            row.name
        );
        let now = in_force(by_flag(row, value), Settings::new());
        assert_eq!(row.plain(&now), row.plain(&by_flag(row, value)));
    }
}

#[test]
fn a_bad_value_is_named_by_the_flag_or_the_variable_it_came_by() {
    for (row, sample) in rows() {
        let Some(bad) = sample.bad else { continue };
        let by_flag = Settings::from_args([format!("--{}={bad}", row.flag)]).unwrap_err();
        let message = by_flag.to_string();
        assert!(
            message.starts_with(&format!("--{}: ", row.flag)),
            "{message}"
        );
        assert_eq!(message.lines().count(), 1, "{message}");
        if !bad.is_empty() {
            let by_variable = Settings::from_variables([(row.variable, bad)]).unwrap_err();
            let message = by_variable.to_string();
            assert!(
                message.starts_with(&format!("{}: ", row.variable)),
                "{message}"
            );
        }
    }
}

#[test]
fn where_each_value_comes_from_is_printed_beside_it() {
    let program = in_force(
        Settings::new().idle_timeout(None).quiet(false),
        Settings::new(),
    );
    let told = Settings::from_args(["--quiet"])
        .unwrap()
        .or(Settings::from_variables([("WHARF_BACKLOG", "7")]).unwrap())
        .or(Settings::new().workers(2_usize));
    let now = in_force(Settings::new().idle_timeout(None), told.clone());
    let text = crate::settings::print(&program, &told, &now);
    for line in [
        "idle_timeout = \"none\"  # program",
        "body_read_timeout = \"30s\"  # default",
        "backlog = 7  # variable WHARF_BACKLOG",
        "workers = 2  # program",
        "quiet = true  # flag --quiet",
        "access_log = \"off\"  # another setting",
        "# reload_watch is not set  # default",
    ] {
        assert!(
            text.lines().any(|printed| printed == line),
            "{line}:\n{text}"
        );
    }
    assert!(!text.contains("print_config ="), "{text}");
}

#[test]
fn what_no_file_can_say_is_left_out_of_what_is_printed() {
    use crate::listener::{Listener, TcpConfig, UnixConfig};

    let mut server = server()
        .listen(Listener::new("127.0.0.1:0").tcp(TcpConfig::new()))
        .unix(UnixConfig::new().backlog(7));
    let program = Settings::of(&server.options.in_force());
    let text = crate::settings::print(&program, &Settings::new(), &program);
    assert!(
        text.contains("\n# bind is what no file can say  # program\n"),
        "{text}"
    );
    assert!(
        text.contains("\n# backlog is what no file can say  # program\n"),
        "{text}"
    );
}

#[test]
fn quotes_and_control_characters_are_written_as_toml_wants_them() {
    for (text, written) in [
        ("plain", r#""plain""#),
        (r#"%a "%r""#, r#"'%a "%r"'"#),
        (r#"it's "so""#, r#""it's \"so\"""#),
        ("a\nb\\", r#""a\u000Ab\\""#),
    ] {
        assert_eq!(Plain::Text(text.into()).to_string(), written);
    }
}
