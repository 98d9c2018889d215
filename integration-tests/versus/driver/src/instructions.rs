//! What servers take of user-space instructions for each request.
//!
//! Each server runs twice under callgrind for each question, with a short and a long run; the difference of the two, divided by
//! the difference in requests, leaves out start and stop. 32 connections ask in lock step, so that the counts repeat.

use std::io::{Read, Write};

use crate::contestant::{self, Contestant, Folder};
use crate::load::read_answer;
use crate::question::Question;
use crate::rounds::Rounds;
use crate::servers::BASE;
use crate::table::{Table, Unit};
use crate::{Failure, Options};

/// What is counted.
pub const COLUMNS: [&str; 5] = ["plaintext", "json", "parameters", "echo", "middlewares"];

const CONNECTIONS: usize = 32;
const SHORT: usize = 20;
const LONG: usize = 120;

/// The tables of instructions.
pub struct Outcome {
    pub counts: Table,
    pub ratios: Table,
}

/// Counts for all chosen servers, but not for Python, under which callgrind would take hours.
pub fn run(options: &Options) -> Result<Outcome, Failure> {
    let known = contestant::rows();
    let rows: Vec<_> = options
        .chosen(&known)
        .into_iter()
        .filter(|row| *row != "aiohttp")
        .collect();
    let questions: Vec<_> = options
        .chosen(&COLUMNS)
        .into_iter()
        .filter_map(Question::named)
        .collect();
    let folder = Folder::create()?;
    let mut counted = Rounds::default();
    for question in &questions {
        eprint!("instructions: {:12}", question.name);
        for row in rows.iter().filter(|row| question.concerns(row)) {
            let (short, long) = (
                total(row, question, &folder, SHORT)?,
                total(row, question, &folder, LONG)?,
            );
            let each = (long - short) / ((LONG - SHORT) * CONNECTIONS) as f64;
            eprint!("  {row} {}", Unit::Count.write(Some(each)));
            counted.add(row, question.name, Some(each));
        }
        eprintln!();
    }
    let table =
        |title: String, note: &str, unit, value: &dyn Fn(&str, &str) -> Option<f64>| Table {
            title,
            note: note.to_owned(),
            columns: questions.iter().map(Question::column).collect(),
            rows: rows
                .iter()
                .map(|row| {
                    (
                        (*row).to_owned(),
                        questions
                            .iter()
                            .map(|question| value(row, question.name))
                            .collect(),
                    )
                })
                .collect(),
            unit,
        };
    let note = "Under callgrind, 32 connections in lock step. They repeat to a few, whatever else the machine does; the kernel is not in them.";
    Ok(Outcome {
        counts: table(
            "Servers: user-space instructions per request".to_owned(),
            note,
            Unit::Count,
            &|row, column| counted.median(row, column),
        ),
        ratios: table(
            format!("Servers: instructions, ratios to {BASE}"),
            "Below 1 is less than bare hyper.",
            Unit::Ratio,
            &|row, column| counted.ratio(row, column, BASE),
        ),
    })
}

/// Runs one server under callgrind and returns all instructions that it took.
fn total(
    row: &'static str,
    question: &Question,
    folder: &Folder,
    rounds: usize,
) -> Result<f64, Failure> {
    let server = Contestant::start(
        row,
        folder,
        &[
            "valgrind",
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
        ],
    )?;
    let mut connections = (0..CONNECTIONS)
        .map(|_| server.connect())
        .collect::<Result<Vec<_>, _>>()?;
    let mut buffer = Vec::new();
    for round in 0..rounds {
        for stream in &mut connections {
            stream.write_all(&question.request)?;
        }
        for stream in &mut connections {
            if round == 0 {
                let answer = read_answer(stream)?;
                if !question.is_right(&answer.body) {
                    return Err(format!(
                        "{row}: a wrong answer to `{}`: {}",
                        question.name,
                        String::from_utf8_lossy(&answer.bytes)
                    )
                    .into());
                }
                buffer = answer.bytes;
            } else {
                // All answers are of one length.
                stream.read_exact(&mut buffer)?;
            }
        }
    }
    drop(connections);
    collected(&server.end()?)
}

/// Returns the total that callgrind printed.
pub fn collected(said: &str) -> Result<f64, Failure> {
    let collected = said.lines().find_map(|line| line.split_once("Collected :"));
    let (_, total) = collected.ok_or_else(|| format!("callgrind printed no total: {said}"))?;
    Ok(total.trim().parse()?)
}
