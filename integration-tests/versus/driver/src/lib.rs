//! Runs the contestants, counts what they take, and writes it down.
//!
//! ~~~text
//!  contestant   a server as a process of its own          rounds       what was measured, round by round
//!  question     what is asked of servers                  table        medians and ratios as text and Markdown
//!  load         many connections that ask                 chart        ratios as SVG
//!  channel      a connection, encrypted or not            report       RESULTS.md
//!  machine      cores, and who else uses them          postgres     a database for one run
//!  turns        servers that work by turns
//!  servers, clients, instructions, idle, tls, headline, compile: the comparisons
//! ~~~

pub mod channel;
pub mod chart;
pub mod clients;
pub mod compile;
pub mod contestant;
pub mod headline;
pub mod idle;
pub mod instructions;
pub mod load;
pub mod machine;
pub mod options;
pub mod postgres;
pub mod question;
pub mod report;
pub mod rounds;
pub mod servers;
pub mod table;
pub mod tls;
pub mod turns;

pub use options::Options;

pub type Failure = Box<dyn std::error::Error>;
