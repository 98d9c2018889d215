//! Runs the contestants, counts what they take, and writes it down.
//!
//! ~~~text
//!  contestant   a server as a process of its own          rounds       what was measured, round by round
//!  question     what is asked of servers                  table        medians and ratios as text and Markdown
//!  load         many connections that ask                 chart        ratios as SVG
//!  machine      cores, and who else uses them             report       RESULTS.md
//!  servers, clients, instructions, idle                   the comparisons
//! ~~~

pub mod chart;
pub mod clients;
pub mod contestant;
pub mod idle;
pub mod instructions;
pub mod load;
pub mod machine;
pub mod options;
pub mod question;
pub mod report;
pub mod rounds;
pub mod servers;
pub mod table;

pub use options::Options;

pub type Failure = Box<dyn std::error::Error>;
