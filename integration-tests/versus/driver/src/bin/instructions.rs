//! Counts user-space instructions of servers per request under callgrind: `instructions [ROW ..] [COLUMN ..]`.

use versus_driver::{Failure, Options, contestant, instructions};

fn main() -> Result<(), Failure> {
    let options = Options::take(&[&contestant::rows()[..], &instructions::COLUMNS].concat())?;
    let outcome = instructions::run(&options)?;
    print!("{}{}", outcome.counts.to_text(), outcome.ratios.to_text());
    Ok(())
}
