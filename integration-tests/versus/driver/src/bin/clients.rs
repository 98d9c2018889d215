//! Compares clients: `clients [instructions] [CLIENT ..] [WORK ..] [--rounds N] [--others CORES]`.

use versus_driver::{Failure, Options, clients};

fn main() -> Result<(), Failure> {
    let options =
        Options::take(&[&clients::rows()[..], &clients::WORKS, &["instructions"]].concat())?;
    if options.names("instructions") {
        print!("{}", clients::instructions(&options)?.to_text());
        return Ok(());
    }
    let outcome = clients::run(&options)?;
    print!("{}", outcome.cpu.to_text());
    for ratios in &outcome.ratios {
        print!("{}", ratios.to_text());
    }
    print!("{}", outcome.speed.to_text());
    Ok(())
}
