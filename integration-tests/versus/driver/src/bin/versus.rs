//! Compares everything: `versus [PART ..] [ROW ..] [COLUMN ..] [--rounds N] [--seconds S] [--others CORES]
//! [--duration S]`.
//!
//! Without a name it runs all parts and overwrites `RESULTS.md` and `RESULTS.svg`. Where something is named it prints tables only:
//! of the parts that were named (`servers`, `clients`, `instructions`, `idle`, `tls`, `headline`, `compile`), or of `servers` when only rows or columns were.

use std::process::Command;

use versus_driver::{
    Failure, Options, clients, compile, contestant, headline, idle, instructions, machine,
    question, report, servers, tls,
};

/// What is run only when it is named, or when nothing is.
const PARTS: [&str; 6] = [
    "clients",
    "instructions",
    "idle",
    "tls",
    "headline",
    "compile",
];

fn main() -> Result<(), Failure> {
    let known = [
        &contestant::rows()[..],
        &clients::rows(),
        &clients::WORKS,
        &question::COLUMNS,
        &tls::COLUMNS,
        &["servers"],
        &PARTS,
    ];
    let options = Options::take(&known.concat())?;
    build()?;
    machine::raise_descriptor_limit()?;
    if !options.names_something() {
        return report::write(&options);
    }
    let mut tables = Vec::new();
    if options.names("servers") || !PARTS.iter().any(|part| options.names(part)) {
        let outcome = servers::run(&options)?;
        println!("{}", outcome.disturbance);
        tables.extend([outcome.cpu, outcome.ratios]);
    }
    if options.names("instructions") {
        let outcome = instructions::run(&options)?;
        tables.extend([outcome.counts, outcome.ratios]);
    }
    if options.names("idle") {
        tables.push(idle::run(&options)?);
    }
    if options.names("tls") {
        let outcome = tls::run(&options)?;
        tables.extend([outcome.cpu, outcome.ratios]);
    }
    if options.names("clients") {
        let outcome = clients::run(&options)?;
        tables.push(outcome.cpu);
        tables.extend(outcome.ratios);
        tables.push(outcome.speed);
    }
    if options.names("headline") {
        let outcome = headline::run(&options)?;
        tables.extend(outcome.speed);
        for line in outcome.absent {
            println!("not run: {line}");
        }
    }
    if options.names("compile") {
        match compile::run()? {
            Ok(table) => tables.push(table),
            Err(cause) => println!("{cause}"),
        }
    }
    for table in tables {
        print!("{}", table.to_text());
    }
    Ok(())
}

/// Builds the contestants, when cargo has started this program: it builds no more than what it runs.
fn build() -> Result<(), Failure> {
    let Some(cargo) = std::env::var_os("CARGO") else {
        return Ok(());
    };
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let mut command = Command::new(cargo);
    command.args(["build", "--release", "--manifest-path", manifest]);
    if cfg!(feature = "facade") {
        command.args(["--features", "facade"]);
    }
    let done = command.status()?;
    if done.success() {
        Ok(())
    } else {
        Err("the contestants do not build".into())
    }
}
