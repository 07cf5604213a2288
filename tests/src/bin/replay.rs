//! `replay [DATABASE or STATE_DIR]`: folds the services' logs anew and compares their tables; 1 when one differs.
#![expect(clippy::print_stdout, reason = "a program for the command line")]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use tests::{REPLAYED, replay, root};

fn main() -> Result<ExitCode> {
    let given = std::env::args_os().nth(1).map(PathBuf::from);
    let mut database = given.unwrap_or_else(|| root().join(".spin"));
    if database.is_dir() {
        database.push("sqlite_db.db");
    }
    let mut code = ExitCode::SUCCESS;
    for service in REPLAYED {
        for compared in replay(&database, service)? {
            match compared.difference {
                None => println!("{:40} {:9} rows, the same", compared.table, compared.rows),
                Some(difference) => {
                    println!("{:40} {:9} rows, NOT the same:\n  {difference}", compared.table, compared.rows);
                    code = ExitCode::FAILURE;
                }
            }
        }
    }
    Ok(code)
}
