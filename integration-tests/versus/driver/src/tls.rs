//! What servers take of the CPU for handshakes of TLS, and for what is encrypted.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::client::Resumption;
use rustls::{ClientConfig, HandshakeKind};

use crate::channel::{Authority, Channel};
use crate::contestant::{Contestant, Folder};
use crate::load::read_answer;
use crate::machine::settle;
use crate::question::Question;
use crate::rounds::Rounds;
use crate::servers::{BASE, ask};
use crate::table::{Column, Table, Unit};
use crate::turns::{self, Player};
use crate::{Failure, Options};

/// The servers that can be given a certificate: hyper and axum by hand, with tokio-rustls.
pub const ROWS: [&str; 5] = ["hyper", "wharf", "wharf-production", "actix-web", "axum"];

/// Handshakes, and questions.
pub const COLUMNS: [&str; 5] = ["full", "resumed", "plaintext", "block", "upload"];

/// How many clients shake hands in lock step: as many as the tickets that a client keeps are enough for.
const TOGETHER: usize = 4;

/// For how long a server shakes hands before it is measured.
const WARM_UP: Duration = Duration::from_millis(50);

/// The tables of TLS.
pub struct Outcome {
    pub cpu: Table,
    pub ratios: Table,
}

/// Lets all chosen servers shake hands and answer, each in turn, for several rounds with new processes in each.
pub fn run(options: &Options) -> Result<Outcome, Failure> {
    let (rows, columns) = (options.chosen(&ROWS), options.chosen(&COLUMNS));
    let folder = Folder::create()?;
    let authority = folder.authority()?;
    let mut rounds = Rounds::default();
    for round in 1..=options.rounds {
        settle(options.others)?;
        let servers = rows
            .iter()
            .map(|row| Contestant::start_encrypted(row, &folder, &authority))
            .collect::<Result<Vec<_>, _>>()?;
        for column in &columns {
            eprint!("tls, round {round} of {}: {column:12}", options.rounds);
            match Question::named(column) {
                Some(question) => {
                    let servers: Vec<_> = servers.iter().collect();
                    ask(&servers, &question, options, &mut rounds)?;
                }
                None => handshakes(&servers, column, &authority, options, &mut rounds)?,
            }
            eprintln!();
        }
    }
    Ok(outcome(&rows, &columns, &rounds))
}

/// Makes handshakes with servers by turns, with a request on each connection, and keeps what one of them takes.
fn handshakes(
    servers: &[Contestant],
    column: &str,
    authority: &Authority,
    options: &Options,
    rounds: &mut Rounds,
) -> Result<(), Failure> {
    let question = &Question::named("plaintext").ok_or("no such question")?;
    let mut players = Vec::new();
    for server in servers {
        let (kind, resumption) = match column {
            "resumed" => (HandshakeKind::Resumed, Resumption::in_memory_sessions(16)),
            _ => (HandshakeKind::Full, Resumption::disabled()),
        };
        let client = authority.client(resumption)?;
        if kind == HandshakeKind::Resumed {
            // Each of them brings tickets for the next ones.
            for _ in 0..TOGETHER {
                shake(server.port, &client, question, None, 1)?;
            }
        }
        let work = move |time: Duration| {
            let (begun, mut count) = (Instant::now(), 0);
            while begun.elapsed() < time {
                count += shake(server.port, &client, question, Some(kind), TOGETHER)?;
            }
            Ok(count)
        };
        players.push(Player::new(server, Box::new(work)));
    }
    turns::take(players, column, WARM_UP, options, rounds)?;
    Ok(())
}

/// Lets clients shake hands and ask in lock step; an error when a handshake is not of that kind, or an answer wrong.
fn shake(
    port: u16,
    client: &Arc<ClientConfig>,
    question: &Question,
    kind: Option<HandshakeKind>,
    together: usize,
) -> Result<usize, Failure> {
    let mut channels = (0..together)
        .map(|_| Channel::open(port, Some(client)))
        .collect::<Result<Vec<_>, _>>()?;
    for channel in &mut channels {
        channel.push()?;
    }
    for channel in &mut channels {
        channel.write_all(&question.request)?;
    }
    for channel in &mut channels {
        let answer = read_answer(channel)?;
        if !question.is_right(&answer.body) {
            return Err("a wrong answer".into());
        }
        if let Channel::Tls(tls) = channel
            && kind.is_some()
            && tls.conn.handshake_kind() != kind
        {
            return Err(format!("the handshake was {:?}", tls.conn.handshake_kind()).into());
        }
    }
    for channel in &mut channels {
        channel.close()?;
    }
    for channel in &mut channels {
        // What the server takes for the end of a connection is its time too.
        channel.read_to_end(&mut Vec::new())?;
    }
    Ok(together)
}

fn outcome(rows: &[&str], columns: &[&str], rounds: &Rounds) -> Outcome {
    let columns: Vec<_> = columns.iter().filter_map(|name| column(name)).collect();
    let cpu = Table::fill(columns.clone(), rows, Unit::Measure, |row, column| {
        rounds.median(row, column)
    });
    let ratios = Table::fill(columns, rows, Unit::Ratio, |row, column| {
        rounds.ratio(row, column, BASE)
    });
    let note = format!(
        "User and kernel, medians. TLS 1.3 with a key on P-256; a handshake is a new connection with one request, by which it ends; the \
         other columns are answers to 64 connections. {}",
        rounds.disturbance()
    );
    let below =
        "Medians of the ratios within a round: below 1 is less than hyper behind tokio-rustls.";
    Outcome {
        cpu: cpu.titled("TLS: CPU microseconds", note),
        ratios: ratios.titled(format!("TLS: ratios to {BASE}"), below),
    }
}

/// Returns how a column is called.
fn column(name: &str) -> Option<Column> {
    match name {
        "full" => Some(Column {
            name: "full",
            title: "full handshake".to_owned(),
        }),
        "resumed" => Some(Column {
            name: "resumed",
            title: "resumed handshake".to_owned(),
        }),
        name => Some(Question::named(name)?.column()),
    }
}
