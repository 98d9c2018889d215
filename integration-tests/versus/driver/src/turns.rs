//! [`take`], which lets servers do the same work in short turns and counts what it takes of their CPU time.
//!
//! A machine is now faster and now slower, for seconds on end. A turn is short, so that whatever happens meanwhile happens to
//! all servers alike, and the ratios of a round tell of the servers.

use std::time::Duration;

use crate::contestant::Contestant;
use crate::machine::Watch;
use crate::rounds::Rounds;
use crate::table::Unit;
use crate::{Failure, Options};

/// How many turns each server has with the same work.
const TURNS: u32 = 6;

/// What is done with one server for a while, and returns how often it was done.
pub type Work<'a> = Box<dyn FnMut(Duration) -> Result<usize, Failure> + 'a>;

/// A server, and what is done with it.
pub struct Player<'a> {
    server: &'a Contestant,
    work: Work<'a>,
    cpu: f64,
    count: usize,
}

impl<'a> Player<'a> {
    pub fn new(server: &'a Contestant, work: Work<'a>) -> Self {
        Self {
            server,
            work,
            cpu: 0.0,
            count: 0,
        }
    }

    fn turn(&mut self, time: Duration) -> Result<(), Failure> {
        let before = self.server.cpu()?;
        self.count += (self.work)(time)?;
        self.cpu += self.server.cpu()? - before;
        Ok(())
    }
}

/// Gives each server its turns, after one of `warm_up` that does not count, and keeps what the work takes of its CPU time
/// each time that it is done, in microseconds. None is kept where others disturbed. Returns whether they did not.
pub fn take(
    mut players: Vec<Player<'_>>,
    column: &str,
    warm_up: Duration,
    options: &Options,
    rounds: &mut Rounds,
) -> Result<bool, Failure> {
    let of = |row: &'static str| move |cause: Failure| format!("{row}: {cause}");
    for player in &mut players {
        (player.work)(warm_up).map_err(of(player.server.row))?;
    }
    // Of all turns together: the system counts in ticks, of which a single one has only a few.
    let watch = Watch::begin(taken(&players)?)?;
    for _ in 0..TURNS {
        for player in &mut players {
            let time = options.window / TURNS;
            player.turn(time).map_err(of(player.server.row))?;
        }
    }
    let others = watch.others(taken(&players)?)?;
    let quiet = others <= options.others;
    if !quiet {
        eprint!("  [dropped: others took {others:.2} cores]");
    }
    rounds.disturbed(others, !quiet);
    for player in &players {
        let row = player.server.row;
        let cpu = (quiet && player.count > 0).then(|| player.cpu * 1e6 / player.count as f64);
        rounds.add(row, column, cpu);
        eprint!("  {row} {}", Unit::Measure.write(cpu));
    }
    Ok(quiet)
}

/// Returns how many seconds of CPU time all servers have taken.
fn taken(players: &[Player<'_>]) -> Result<f64, Failure> {
    let mut taken = 0.0;
    for player in players {
        taken += player.server.cpu()?;
    }
    Ok(taken)
}
