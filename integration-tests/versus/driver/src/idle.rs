//! What a server keeps in memory for a connection that waits for its next request.

use std::collections::HashMap;
use std::io::Write;
use std::thread::sleep;
use std::time::Duration;

use crate::channel::Channel;
use crate::contestant::{self, Contestant, Folder};
use crate::load::read_answer;
use crate::question::Question;
use crate::table::{Column, Table, Unit};
use crate::{Failure, Options, tls};

const CONNECTIONS: usize = 5000;

/// After how long it is looked at again: long enough for what servers do with connections that stay idle.
const LATER: Duration = Duration::from_secs(10);

/// Opens many connections to each chosen server, gets one answer on each, and looks at its resident set; then the same over TLS.
pub fn run(options: &Options) -> Result<Table, Failure> {
    let known = contestant::rows();
    let question = Question::named("plaintext").ok_or("no such question")?;
    let folder = Folder::create()?;
    let authority = folder.authority()?;
    let chosen = options.chosen(&known);
    let rows: Vec<_> = chosen
        .into_iter()
        .filter(|row| question.concerns(row))
        .collect();
    let mut taken = HashMap::new();
    for &row in &rows {
        eprint!("idle: {row}");
        let mut held = vec![Held::open(
            Contestant::start(row, &folder, &[])?,
            &question,
        )?];
        if tls::ROWS.contains(&row) {
            let encrypted = Contestant::start_encrypted(row, &folder, &authority)?;
            held.push(Held::open(encrypted, &question)?);
        }
        sleep(LATER);
        let names = [("at once", "later"), ("tls at once", "tls later")];
        for ((at_once, later), held) in names.into_iter().zip(held) {
            taken.insert((row, at_once), held.at_once);
            taken.insert((row, later), held.later(&question)?);
            eprint!("  {later} {:.1}", taken[&(row, later)]);
        }
        eprintln!();
    }
    let later = LATER.as_secs();
    let columns = [
        ("at once", "at once".to_owned()),
        ("later", format!("{later} s later")),
        ("tls at once", "over TLS, at once".to_owned()),
        ("tls later", format!("over TLS, {later} s later")),
    ]
    .map(|(name, title)| Column { name, title });
    let table = Table::fill(columns.into(), &rows, Unit::Measure, |row, column| {
        taken.get(&(row, column)).copied()
    });
    let note = format!(
        "Growth of the resident set by {} connections, divided by their number: after one answer on each, and {later} seconds \
         later. After that each gets another answer. What the kernel keeps for a socket is not in it.",
        Unit::Count.write(Some(CONNECTIONS as f64)),
    );
    Ok(table.titled("Servers: KiB of memory for an idle connection", note))
}

/// Many connections to a server.
struct Held {
    server: Contestant,
    connections: Vec<Channel>,
    /// What the server had before they were opened.
    before: f64,
    /// How many KiB it has for each of them after one answer on each.
    at_once: f64,
}

impl Held {
    fn open(server: Contestant, question: &Question) -> Result<Self, Failure> {
        // What is there once, whatever the number of connections.
        ask(&mut server.connect()?, question)?;
        let mut held = Self {
            before: server.resident()?,
            connections: Vec::with_capacity(CONNECTIONS),
            at_once: 0.0,
            server,
        };
        for _ in 0..CONNECTIONS {
            let mut connection = held.server.connect()?;
            ask(&mut connection, question)?;
            held.connections.push(connection);
        }
        held.at_once = held.each()?;
        Ok(held)
    }

    fn each(&self) -> Result<f64, Failure> {
        Ok((self.server.resident()? - self.before) / CONNECTIONS as f64)
    }

    /// Returns how many KiB the server has for each now, and lets all have another answer.
    fn later(mut self, question: &Question) -> Result<f64, Failure> {
        let each = self.each()?;
        let (row, after) = (self.server.row, LATER.as_secs());
        for connection in &mut self.connections {
            ask(connection, question)
                .map_err(|cause| format!("{row}, after {after} s: {cause}"))?;
        }
        Ok(each)
    }
}

fn ask(connection: &mut Channel, question: &Question) -> Result<(), Failure> {
    connection.write_all(&question.request)?;
    let answer = read_answer(connection)?;
    if question.is_right(&answer.body) {
        Ok(())
    } else {
        Err("a wrong answer".into())
    }
}
