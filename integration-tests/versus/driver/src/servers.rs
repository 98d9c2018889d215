//! What servers take of the CPU for each request.

use std::time::Duration;

use crate::contestant::{self, Contestant, Folder};
use crate::load::Load;
use crate::machine::settle;
use crate::question::{COLUMNS, Question};
use crate::rounds::Rounds;
use crate::table::{Column, Table, Unit};
use crate::turns::{self, Player};
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
            let concerned = servers
                .iter()
                .filter(|server| question.concerns(server.row));
            ask(
                &concerned.collect::<Vec<_>>(),
                question,
                options,
                &mut rounds,
            )?;
            eprintln!();
        }
    }
    Ok(outcome(&rows, &questions, &rounds))
}

/// Asks servers by turns, and keeps what an answer takes.
pub fn ask(
    servers: &[&Contestant],
    question: &Question,
    options: &Options,
    rounds: &mut Rounds,
) -> Result<(), Failure> {
    let mut loads = Vec::new();
    for server in servers {
        let load = Load::open(server, question);
        loads.push(load.map_err(|cause| format!("{}: {cause}", server.row))?);
    }
    let players = servers.iter().zip(&mut loads);
    let players =
        players.map(|(server, load)| Player::new(server, Box::new(|time| load.run(time))));
    let quiet = turns::take(players.collect(), question.name, WARM_UP, options, rounds)?;
    if question.name == "connections" {
        for (server, load) in servers.iter().zip(&loads) {
            let slowest = load.slowest().filter(|_| quiet);
            rounds.add(server.row, SLOWEST, slowest.map(|micros| micros / 1000.0));
        }
    }
    Ok(())
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
            "User and kernel, medians; servers are asked by short turns. The last column is no CPU time: it is how many milliseconds the slowest of a hundred requests waited with 256 connections. {disturbance}"
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
