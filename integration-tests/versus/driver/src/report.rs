//! `RESULTS.md`, and the chart that it shows.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use crate::table::Table;
use crate::{
    Failure, Options, chart, clients, compile, headline, idle, instructions, machine, servers, tls,
};

/// Which packages a reader wants to know the version of.
const PACKAGES: [&str; 17] = [
    "hyper",
    "hyper-util",
    "tokio",
    "axum",
    "tower-http",
    "actix-web",
    "actix-files",
    "ntex",
    "ntex-files",
    "xitca-web",
    "reqwest",
    "awc",
    "serde_json",
    "sonic-rs",
    "http-body-util",
    "rustls",
    "aws-lc-rs",
];

/// Measures all there is, and writes it beside the README.
pub fn write(options: &Options) -> Result<(), Failure> {
    let instructions = instructions::run(options)?;
    let idle = idle::run(options)?;
    let servers = servers::run(options)?;
    let tls = tls::run(options)?;
    let clients = clients::run(options)?;
    let client_instructions = clients::instructions(options)?;
    let headline = headline::run(options)?;
    let compile = compile::run()?;

    let mut charted = vec![
        (
            "Servers: CPU time per request, compared with bare hyper",
            &servers.ratios,
        ),
        (
            "Servers: instructions per request, compared with bare hyper",
            &instructions.ratios,
        ),
        (
            "TLS: CPU time, compared with hyper behind tokio-rustls",
            &tls.ratios,
        ),
    ];
    charted.extend(clients.ratios.first().map(|ratios| {
        (
            "Clients: CPU time per request, compared with a bare hyper connection",
            ratios,
        )
    }));
    let chart = chart::draw(&charted);

    let mut tables = vec![
        &servers.cpu,
        &servers.ratios,
        &instructions.counts,
        &instructions.ratios,
        &idle,
        &tls.cpu,
        &tls.ratios,
        &clients.cpu,
    ];
    tables.extend(&clients.ratios);
    tables.extend([&clients.speed, &client_instructions]);
    tables.extend(&headline.speed);
    tables.extend(&compile);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    std::fs::write(folder.join("RESULTS.svg"), chart)?;
    if let Some(speed) = &headline.speed {
        let slide = chart::slide("Requests per second, wrk -t12 -c400", speed);
        std::fs::write(folder.join("HEADLINE.svg"), slide)?;
    }
    std::fs::write(folder.join("RESULTS.md"), page(options, &tables))?;
    for line in headline.absent.iter().chain(compile.as_ref().err()) {
        println!("not run: {line}");
    }
    for table in tables {
        print!("{}", table.to_text());
    }
    Ok(())
}

fn page(options: &Options, tables: &[&Table]) -> String {
    let mut page = String::from("# Results\n\n");
    let _ = writeln!(
        page,
        "Written by `cargo run --release --bin versus`; what each row is set to and how to read it is in [README.md](README.md).\n\n\
         - machine: {}; {}\n- {} rounds, each server asked for {} s; what was measured while other processes took more than {} cores was dropped\n\
         - versions: {}\n\n![Requests per second as bars](HEADLINE.svg)\n\n![The tables of ratios as bars](RESULTS.svg)\n",
        machine::describe(),
        compiler(),
        options.rounds,
        options.window.as_secs_f64(),
        options.others,
        versions(),
    );
    page + &tables
        .iter()
        .map(|table| table.to_markdown())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Says which compiler this was built with, as far as it is still there.
fn compiler() -> String {
    let version = Command::new("rustc")
        .arg("--version")
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok());
    version
        .and_then(|version| {
            version
                .split(" (")
                .next()
                .map(|version| version.trim().to_owned())
        })
        .unwrap_or_default()
}

fn versions() -> String {
    let lock = include_str!("../../Cargo.lock");
    let version = |package: &str| {
        let after = lock
            .split_once(&format!("name = \"{package}\"\nversion = \""))?
            .1;
        Some(format!("{package} {}", after.split('"').next()?))
    };
    let mut versions: Vec<_> = PACKAGES
        .iter()
        .filter_map(|package| version(package))
        .collect();
    versions.extend(python());
    versions.join(", ")
}

/// Returns the versions of what Python has, when it takes part.
fn python() -> Option<String> {
    let script = "import platform, aiohttp\nprint('aiohttp', aiohttp.__version__, 'on Python', platform.python_version(), end='')\n\
                  try:\n  import uvloop\n  print(' with uvloop', uvloop.__version__)\nexcept ImportError:\n  pass";
    let output = Command::new(std::env::var_os("PYTHON")?)
        .args(["-c", script])
        .output()
        .ok()?;
    String::from_utf8(output.stdout)
        .ok()
        .map(|text| text.trim().to_owned())
}
