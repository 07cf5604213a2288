//! `unseen-sql`: the texts of SQL in the services' source that no story had a component say, after all tests; 1 when
//! there are some.
#![expect(clippy::print_stdout, reason = "a program for the command line")]

use std::process::ExitCode;

use anyhow::Result;
use tests::unseen;

fn main() -> Result<ExitCode> {
    let unseen = unseen()?;
    for text in &unseen {
        println!("no test has a service say: {text}");
    }
    Ok(if unseen.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
