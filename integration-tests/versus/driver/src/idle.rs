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
        let server = Contestant::start(row, &folder, &[])?;
        let (at_once, later) = hold(&server, &question)?;
        eprint!("  {at_once:.1} {later:.1}");
        taken.extend([((row, "at once"), at_once), ((row, "later"), later)]);
        if tls::ROWS.contains(&row) {
            let server = Contestant::start_encrypted(row, &folder, &authority)?;
            let (at_once, later) = hold(&server, &question)?;
            eprint!("  over TLS {at_once:.1} {later:.1}");
            taken.extend([((row, "tls at once"), at_once), ((row, "tls later"), later)]);
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

/// Returns how many KiB a server has for each of many connections, at once and later.
fn hold(server: &Contestant, question: &Question) -> Result<(f64, f64), Failure> {
    // What is there once, whatever the number of connections.
    ask(&mut server.connect()?, question)?;
    let before = server.resident()?;
    let mut connections = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        let mut connection = server.connect()?;
        ask(&mut connection, question)?;
        connections.push(connection);
    }
    let each = |resident: f64| (resident - before) / CONNECTIONS as f64;
    let at_once = each(server.resident()?);
    sleep(LATER);
    let later = each(server.resident()?);
    for connection in &mut connections {
        ask(connection, question)
            .map_err(|cause| format!("{}, after {} s: {cause}", server.row, LATER.as_secs()))?;
    }
    Ok((at_once, later))
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
