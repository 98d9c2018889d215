//! What a server keeps in memory for a connection that waits for its next request.

use std::io::Write;
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use crate::contestant::{self, Contestant, Folder};
use crate::load::{connect, read_answer};
use crate::question::Question;
use crate::table::{Column, Table, Unit};
use crate::{Failure, Options};

const CONNECTIONS: usize = 5000;

/// After how long it is looked at again: long enough for what servers do with connections that stay idle.
const LATER: Duration = Duration::from_secs(10);

/// Opens many connections to each chosen server, gets one answer on each, and looks at its resident set.
pub fn run(options: &Options) -> Result<Table, Failure> {
    let known = contestant::rows();
    let question = Question::named("plaintext").ok_or("no such question")?;
    let folder = Folder::create()?;
    let mut rows = Vec::new();
    for row in options
        .chosen(&known)
        .into_iter()
        .filter(|row| question.concerns(row))
    {
        eprint!("idle: {row}");
        let server = Contestant::start(row, &folder, &[])?;
        // What is there once, whatever the number of connections.
        ask(&mut connect(server.port)?, &question)?;
        let before = server.resident()?;
        let mut connections = Vec::with_capacity(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            let mut connection = connect(server.port)?;
            ask(&mut connection, &question)?;
            connections.push(connection);
        }
        let each = |resident: f64| (resident - before) / CONNECTIONS as f64;
        let at_once = each(server.resident()?);
        sleep(LATER);
        let later = each(server.resident()?);
        for connection in &mut connections {
            ask(connection, &question)
                .map_err(|cause| format!("{row}, after {} s: {cause}", LATER.as_secs()))?;
        }
        eprintln!("  {at_once:.1} {later:.1}");
        rows.push((row.to_owned(), vec![Some(at_once), Some(later)]));
    }
    let later = LATER.as_secs();
    Ok(Table {
        title: "Servers: KiB of memory for an idle connection".to_owned(),
        note: format!(
            "Growth of the resident set by {} connections, divided by their number: after one answer on each, and {later} seconds \
             later. After that each gets another answer. What the kernel keeps for a socket is not in it.",
            Unit::Count.write(Some(CONNECTIONS as f64)),
        ),
        columns: vec![
            Column {
                name: "at once",
                title: "at once".to_owned(),
            },
            Column {
                name: "later",
                title: format!("{later} s later"),
            },
        ],
        rows,
        unit: Unit::Measure,
    })
}

fn ask(connection: &mut TcpStream, question: &Question) -> Result<(), Failure> {
    connection.write_all(&question.request)?;
    let answer = read_answer(connection)?;
    if question.is_right(&answer.body) {
        Ok(())
    } else {
        Err("a wrong answer".into())
    }
}
