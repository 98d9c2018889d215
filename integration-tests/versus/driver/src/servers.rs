//! What servers take of the CPU for each request.

use std::time::Duration;

use crate::contestant::{self, Contestant, Folder};
use crate::load::Load;
use crate::machine::{Watch, settle};
use crate::question::{COLUMNS, Question};
use crate::rounds::Rounds;
use crate::table::{Column, Table, Unit};
use crate::{Failure, Options};

/// The row that others are compared with.
pub const BASE: &str = "hyper";

/// For how long a server is asked before it is measured.
const WARM_UP: Duration = Duration::from_millis(150);

/// The column of latencies.
const SLOWEST: &str = "slowest";

/// The tables of servers.
pub struct Outcome {
    pub cpu: Table,
    pub ratios: Table,
    pub disturbance: String,
}

/// Asks all chosen servers in turn, for several rounds with new processes in each.
pub fn run(options: &Options) -> Result<Outcome, Failure> {
    let known = contestant::rows();
    let rows = options.chosen(&known);
    let questions: Vec<_> = options
        .chosen(&COLUMNS)
        .into_iter()
        .filter_map(Question::named)
        .collect();
    let folder = Folder::create()?;
    let mut rounds = Rounds::default();
    for round in 1..=options.rounds {
        settle(options.others)?;
        let servers = rows
            .iter()
            .map(|row| Contestant::start(row, &folder, &[]))
            .collect::<Result<Vec<_>, _>>()?;
        for question in &questions {
            eprint!(
                "servers, round {round} of {}: {:12}",
                options.rounds, question.name
            );
            for server in servers
                .iter()
                .filter(|server| question.concerns(server.row))
            {
                let cpu = measure(server, question, options, &mut rounds)
                    .map_err(|cause| format!("{}: {cause}", server.row))?;
                eprint!("  {} {}", server.row, Unit::Measure.write(cpu));
            }
            eprintln!();
        }
    }
    Ok(outcome(&rows, &questions, &rounds))
}

/// Asks a server for a while, and keeps what an answer takes.
pub fn measure(
    server: &Contestant,
    question: &Question,
    options: &Options,
    rounds: &mut Rounds,
) -> Result<Option<f64>, Failure> {
    let mut load = Load::open(server, question)?;
    load.run(WARM_UP)?;
    let mut slowest = f64::NAN;
    let cpu = cost(server, question.name, options, rounds, || {
        let answers = load.run(options.window)?;
        slowest = answers.slowest;
        Ok(answers.count)
    })?;
    if question.name == "connections" {
        rounds.add(server.row, SLOWEST, cpu.map(|_| slowest / 1000.0));
    }
    Ok(cpu)
}

/// Keeps the CPU time that a server takes for each of what `work` counts; none where others disturbed.
pub fn cost(
    server: &Contestant,
    column: &str,
    options: &Options,
    rounds: &mut Rounds,
    work: impl FnOnce() -> Result<usize, Failure>,
) -> Result<Option<f64>, Failure> {
    let before = server.cpu()?;
    let watch = Watch::begin(before)?;
    let count = work()?;
    let after = server.cpu()?;
    let others = watch.others(after)?;
    let quiet = others <= options.others;
    if !quiet {
        eprint!("  [dropped: others took {others:.2} cores]");
    }
    rounds.disturbed(others, !quiet);
    let cpu = (quiet && count > 0).then(|| (after - before) * 1e6 / count as f64);
    rounds.add(server.row, column, cpu);
    Ok(cpu)
}

fn outcome(rows: &[&str], questions: &[Question], rounds: &Rounds) -> Outcome {
    let mut columns: Vec<_> = questions.iter().map(Question::column).collect();
    if questions
        .iter()
        .any(|question| question.name == "connections")
    {
        columns.push(Column {
            name: SLOWEST,
            title: "99th percentile".to_owned(),
        });
    }
    let table =
        |title: &str, note: String, unit, value: &dyn Fn(&str, &str) -> Option<f64>| Table {
            title: title.to_owned(),
            note,
            columns: columns.clone(),
            rows: rows
                .iter()
                .map(|row| {
                    (
                        (*row).to_owned(),
                        columns
                            .iter()
                            .map(|column| value(row, column.name))
                            .collect(),
                    )
                })
                .collect(),
            unit,
        };
    let disturbance = rounds.disturbance();
    let cpu = table(
        "Servers: CPU microseconds per request",
        format!(
            "User and kernel, medians. The last column is no CPU time: it is how many milliseconds the slowest of a hundred requests waited with 256 connections. {disturbance}"
        ),
        Unit::Measure,
        &|row, column| rounds.median(row, column),
    );
    let ratios = table(
        &format!("Servers: ratios to {BASE}"),
        "Medians of the ratios within a round: below 1 is less than bare hyper.".to_owned(),
        Unit::Ratio,
        &|row, column| rounds.ratio(row, column, BASE),
    );
    Outcome {
        cpu,
        ratios,
        disturbance,
    }
}
