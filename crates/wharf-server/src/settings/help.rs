//! The text of `--help`.

use std::fmt::Write;

use super::TABLE;

/// How wide a line may become.
const WIDTH: usize = 100;

/// Where the help of an option starts.
const INDENT: usize = 28;

pub(super) fn text(program: &str) -> String {
    let mut text = format!("Usage: {program} [OPTIONS]\n\nOptions:\n");
    for setting in TABLE {
        let mut flag = format!("--{}", setting.flag);
        if let Some(value) = setting.value {
            let _infallible = write!(flag, " {value}");
        }
        let help = format!("{} [env: {}]", setting.help, setting.variable);
        option(&mut text, &flag, &help);
    }
    option(&mut text, "-h, --help", "Print this text, and exit");
    text.push_str("\nAn option beats its variable of the environment.\n");
    text
}

fn option(text: &mut String, flag: &str, help: &str) {
    let mut line = format!("  {flag:<width$}", width = INDENT - 2);
    for word in words(help) {
        if line.len() + word.len() > WIDTH {
            let _infallible = writeln!(text, "{}", line.trim_end());
            line = " ".repeat(INDENT);
        }
        line.push_str(word);
        line.push(' ');
    }
    let _infallible = writeln!(text, "{}", line.trim_end());
}

/// Splits at spaces, but keeps on one line what stands in brackets or quotes.
fn words(help: &str) -> impl Iterator<Item = &str> {
    let (mut brackets, mut quoted) = (0, false);
    help.split(move |c| {
        match c {
            '[' => brackets += 1,
            ']' => brackets -= 1,
            '\'' => quoted = !quoted,
            _ => {}
        }
        c == ' ' && brackets == 0 && !quoted
    })
}
